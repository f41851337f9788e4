/** `<order-inbox token="…">`, a buyer's messages on any page: docs/howto/inbox.md. Text never becomes markup. */

const HOME = new URL(import.meta.url).origin;
const ZH = {
  inbox: "消息", unread: "条未读", all: "全部已读", none: "暂无消息，订单有新进展时会显示在这里", lost: "正在重新连接…",
  older: "更早的消息", fresh: "新消息：", close: "关闭", ended: "消息暂时无法显示，请刷新页面", locale: "zh-CN",
};
const EN = {
  inbox: "Messages", unread: "unread", all: "Mark all read", none: "No messages yet. News of your order appears here.",
  lost: "Reconnecting…", older: "Older", fresh: "New message: ", close: "Close",
  ended: "Messages cannot be shown now. Please reload the page.", locale: "en",
};
const SOONEST_MS = 400;
const LATEST_MS = 20000;
// The server gives a sign of life every 15 s.
const SILENT_MS = 45000;
const BELL = "M12 3.5a6 6 0 0 0-6 6c0 5-2 6.5-2.5 7.5h17c-.5-1-2.5-2.5-2.5-7.5a6 6 0 0 0-6-6zM9.8 20a2.4 2.4 0 0 0 4.4 0";
const LOOK = new CSSStyleSheet();
LOOK.replaceSync(`
:host{display:inline-block;font:14px/1.55 var(--order-inbox-font,system-ui,"PingFang SC","Microsoft YaHei",sans-serif);
--a:var(--order-inbox-accent,light-dark(#4a44d4,#a9a5ff));--i:var(--order-inbox-ink,light-dark(#17181c,#ececf1));--o:var(--order-inbox-soft,light-dark(#5b5d69,#a3a6b3));
--l:var(--order-inbox-line,light-dark(#e5e5ea,#2a2b32));--s:var(--order-inbox-surface,light-dark(#fff,#16171b))}
[hidden]{display:none!important}
*{box-sizing:border-box}
button{font:inherit;color:inherit;background:none;border:0;cursor:pointer;min-inline-size:44px;min-block-size:44px}
:focus-visible{outline:2px solid var(--a);outline-offset:-2px;border-radius:8px}
:hover:is(button,.item){background:color-mix(in srgb,currentColor 7%,transparent)}
.bell{position:relative;padding:0;border-radius:8px;color:var(--order-inbox-bell,var(--i))}
svg{inline-size:22px;vertical-align:middle;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
.badge{position:absolute;inset-block-start:3px;inset-inline-end:2px;min-inline-size:18px;padding:0 5px;border-radius:9px;font:600 11px/18px system-ui;background:var(--order-inbox-badge,#c9252f);color:#fff}
.panel{position:fixed;inset:auto;margin:0;padding:0;inline-size:min(380px,100vw - 16px);max-block-size:min(520px,100dvh - 90px);border:1px solid var(--l);border-radius:var(--order-inbox-radius,12px);background:var(--s);color:var(--i);box-shadow:0 12px 40px #0003;overflow:hidden}
.panel:popover-open{display:flex;flex-direction:column}
header{display:flex;align-items:center;padding-inline-start:16px;border-block-end:1px solid var(--l)}
h2{font-size:15px;margin:0;flex:1}
.all,.older{color:var(--a);font-size:13px}
ul{list-style:none;margin:0;padding:0;overflow-y:auto}
li+li{border-block-start:1px solid var(--l)}
.item,.older{display:block;inline-size:100%;padding:11px 16px;color:inherit;text-decoration:none;overflow-wrap:anywhere}
.item{text-align:start;border-inline-start:3px solid transparent}
.new{border-color:var(--a)}
.item b,.item span{display:block;unicode-bidi:plaintext;font-weight:500}.new b{font-weight:650}
.item span{max-block-size:4.7em;overflow:hidden;white-space:pre-line}
.item span,time,.note{color:var(--o);font-size:13px;font-weight:400}
.note{margin:0;padding:24px 20px;text-align:center}
.vh{position:absolute;clip-path:inset(50%)}
`);

/** @param {Object} facts properties, or attributes where there is no such property */
function make(tag, facts, ...kids) {
  const node = document.createElement(tag);
  for (const name in facts) name in node ? (node[name] = facts[name]) : node.setAttribute(name, facts[name]);
  node.append(...kids);
  return node;
}

function drawBell() {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  path.setAttribute("d", BELL);
  svg.append(path);
  return svg;
}

class OrderInbox extends HTMLElement {
  static observedAttributes = ["token", "src", "lang"];
  /** Messages by id. @type {Map<string, {id: string, title: string, text: string, at: string, read: boolean, url: string}>} */
  #items = new Map();
  #more = false;
  #mark = "";
  #state = "";
  #run = new AbortController();
  unread = 0;

  constructor() {
    super();
    this.place = new CSSStyleSheet();
    this.badge = make("span", { className: "badge", part: "badge" });
    this.bell = make("button", { className: "bell", part: "bell", type: "button", "aria-haspopup": "dialog" }, drawBell(), this.badge);
    this.name = make("h2", { id: "n" });
    this.all = make("button", { className: "all", onclick: () => this.#readAll() });
    this.shut = make("button", { textContent: "✕", onclick: () => this.panel.hidePopover() });
    this.note = make("p", { className: "note", role: "status" });
    this.list = make("ul", { part: "list", tabIndex: -1 });
    this.panel = make("div", { className: "panel", part: "panel", popover: "auto", role: "dialog", "aria-labelledby": "n" },
      make("header", {}, this.name, this.all, this.shut), this.note, this.list);
    this.live = make("span", { className: "vh", role: "status" });
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [LOOK, this.place];
    root.append(this.bell, this.panel, this.live);
    this.bell.popoverTargetElement = this.panel;
    this.panel.onbeforetoggle = () => this.#settle();
    this.panel.ontoggle = (event) => {
      this.open = event.newState === "open";
      this.#draw();
      if (this.open) (this.list.querySelector(".item") ?? this.list).focus();
      else if ([this, document.body].includes(document.activeElement)) this.bell.focus();
    };
    this.panel.onkeydown = (event) => this.#walk(event);
  }

  get words() {
    return /^zh/i.test(this.lang || this.closest("[lang]")?.lang || navigator.language) ? ZH : EN;
  }

  get token() { return this.getAttribute("token"); }

  set token(value) { this.setAttribute("token", value); }

  connectedCallback() { this.attributeChangedCallback(); }

  disconnectedCallback() { this.#run.abort(); }

  attributeChangedCallback(name) {
    if (!this.isConnected) return;
    this.#draw();
    if (name === "lang") return;
    this.#run.abort();
    if (this.token) this.#listen(this.#run = new AbortController());
  }

  #ask(path, headers, more) {
    const home = (this.getAttribute("src") || HOME).replace(/\/$/, "");
    return fetch(`${home}/inbox${path}`, { headers: { authorization: `Bearer ${this.token}`, ...headers }, credentials: "omit", ...more });
  }

  async #listen({ signal }) {
    for (let wait = SOONEST_MS; !signal.aborted; wait = Math.min(wait * 2, LATEST_MS)) {
      try {
        const answer = await this.#ask("/stream", { "last-event-id": this.#mark }, { signal, cache: "no-store" });
        if (answer.status === 401) return this.#emit("renew");
        if (answer.status === 403) return this.#tell("ended");
        if (answer.ok) {
          wait = SOONEST_MS;
          this.#tell("");
          await this.#read(answer.body.getReader(), signal);
        }
      } catch { /* The line is down: the loop tries again. */ }
      if (signal.aborted) return;
      this.#tell("lost");
      await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random() / 2)));
    }
  }

  async #read(reader, signal) {
    const letters = new TextDecoder();
    for (let text = ""; ;) {
      const watch = setTimeout(() => reader.cancel(), SILENT_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(watch));
      if (done || signal.aborted) return;
      const parts = (text + letters.decode(value, { stream: true })).replace(/\r/g, "").split("\n\n");
      text = parts.pop();
      for (const part of parts) this.#take(Object.fromEntries(part.split("\n").map((line) => line.split(/: ?(.*)/s))));
    }
  }

  #take({ event, id, data }) {
    if (!data) return;
    const { items, unread, more } = JSON.parse(data);
    // What is older stays only where the two lists meet: a hole between them would hide messages.
    if (event === "all" && !items.some((each) => this.#items.has(each.id))) {
      this.#items.clear();
      this.#more = more;
    }
    const fresh = this.#mark && items.find((each) => !each.read && !this.#items.has(each.id));
    if (fresh) this.live.textContent = this.words.fresh + fresh.title;
    this.#mark = id;
    this.#keep(items, unread);
  }

  #keep(items, unread) {
    for (const each of items) this.#items.set(each.id, each);
    const changed = unread !== this.unread;
    this.unread = unread;
    this.#draw();
    if (changed) this.#emit("change", { unread });
  }

  #emit(name, detail) {
    return this.dispatchEvent(new CustomEvent(`order-inbox-${name}`, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  #tell(state) {
    this.#state = state;
    this.dataset.state = state || "live";
    this.#draw();
  }

  #draw() {
    const { words, unread } = this;
    this.bell.ariaLabel = unread ? `${words.inbox}, ${unread} ${words.unread}` : words.inbox;
    this.badge.hidden = this.all.hidden = !unread;
    this.badge.textContent = unread > 98 ? "99+" : unread;
    this.name.textContent = words.inbox;
    this.all.textContent = words.all;
    this.shut.ariaLabel = words.close;
    const note = words[this.#state] ?? (this.#items.size ? "" : words.none);
    if (this.note.textContent !== note) this.note.textContent = note;
    this.note.hidden = !note;
    if (this.open) this.#fill();
  }

  #fill() {
    const at = this.shadowRoot.activeElement?.dataset.id;
    const items = [...this.#items.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    const rows = items.map((each) => this.#row(each));
    if (this.#more) rows.push(make("button", { className: "older", textContent: this.words.older, onclick: () => this.#older(items.at(-1).id) }));
    this.list.replaceChildren(...rows.map((row) => make("li", {}, row)));
    this.#focus(at);
  }

  #focus(id) { [...this.list.querySelectorAll(".item")].find((row) => row.dataset.id === id)?.focus(); }

  #row(each) {
    const { locale, unread } = this.words;
    const link = /^https?:/.test(each.url) && { href: each.url, target: "_blank", rel: "noopener noreferrer" };
    const row = make(
      link ? "a" : "button", { className: each.read ? "item" : "item new", part: each.read ? "item" : "item unread", ...link },
      make("b", { textContent: each.title }), make("span", { textContent: each.text }),
      make("time", { textContent: new Date(each.at).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" }) }),
    );
    if (!each.read) row.prepend(make("i", { className: "vh", textContent: unread }));
    row.dataset.id = each.id;
    row.onclick = (event) => {
      if (!this.#emit("open", each)) event.preventDefault();
      this.#post([{ ...each, read: true }], { ids: [each.id] });
    };
    return row;
  }

  async #older(before) {
    const { items, more } = await (await this.#ask(`?before=${before}`)).json();
    this.#more = more;
    this.#keep(items, this.unread);
    this.#focus(items[0]?.id);
  }

  #readAll() {
    const items = [...this.#items.values()].map((each) => ({ ...each, read: true }));
    this.list.focus();
    this.#post(items, { until: [...this.#items.keys()].sort().pop() });
  }

  async #post(items, what) {
    this.#keep(items, this.unread);
    const answer = await this.#ask("/read", { "content-type": "application/json" }, { method: "POST", keepalive: true, body: JSON.stringify(what) });
    if (answer.ok) this.#keep([], (await answer.json()).unread);
  }

  #settle() {
    const { right, top, bottom } = this.bell.getBoundingClientRect();
    const wide = Math.min(380, innerWidth - 16);
    const left = Math.max(8, Math.min(right - wide, innerWidth - wide - 8));
    const at = innerHeight - bottom > 320 || top < 320 ? `top:${bottom + 6}px` : `bottom:${innerHeight - top + 6}px`;
    this.place.replaceSync(`.panel{left:${left}px;${at}}`);
  }

  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...this.list.querySelectorAll("a,button")];
    rows[rows.indexOf(this.shadowRoot.activeElement) + step]?.focus();
    event.preventDefault();
  }
}

customElements.get("order-inbox") || customElements.define("order-inbox", OrderInbox);
