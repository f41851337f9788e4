"""The e-mail's page: MJML compiled once per colour and language, then cut at its places (docs/why/0002).

MJML sees checked colours and our own words only. Authors' texts and buyers' data enter the finished HTML,
escaped, so nothing they hold can become a tag of either language.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from mjml import mjml2html

from orderbell.messages import colour
from orderbell.messages.brand import Brand
from orderbell.messages.fences import Form, fence_name
from orderbell.messages.i18n import catalogue, written
from orderbell.messages.liquid import Compiled
from orderbell.messages.markup import inline_html, to_html

# No Roboto: MJML would add a link to a font server, and a mail asks no third party for anything.
FONTS = (
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', Helvetica, Arial, sans-serif"
)
PAGE, CARD, TEXT, SOFT, LINE = "#f4f5f7", "#ffffff", "#16181d", "#646a76", "#e6e8ec"
DARK_PAGE, DARK_CARD, DARK_TEXT, DARK_SOFT, DARK_LINE = "#0f1115", "#1a1d23", "#eceef2", "#a2a9b6", "#30343d"
_BUTTON_FROM, _BUTTON_TO = "<!--button-->", "<!--/button-->"

_PAGE = """<mjml lang="{lang}"><mj-head><mj-title>{title}</mj-title><mj-preview>{preheader}</mj-preview>
<mj-raw><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">\
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no"></mj-raw>
<mj-attributes><mj-all font-family="{fonts}"/><mj-text font-size="15px" line-height="1.7" color="{text}" \
padding="0 28px"/><mj-section padding="0"/><mj-column padding="0"/><mj-wrapper padding="0"/></mj-attributes>
<mj-style>:root{{color-scheme:light dark;supported-color-schemes:light dark}}
.ink{{margin:0 0 14px}}ul.ink{{padding:0 0 0 20px}}.ink li{{margin:2px 0}}
.facts td{{padding:9px 0;border-top:1px solid {line};vertical-align:top}}.facts td.fact-name{{width:92px;\
padding-right:16px;white-space:nowrap}}.facts td.fact-value{{word-break:break-word;overflow-wrap:anywhere}}
.body-text,.heading,.foot{{overflow-wrap:anywhere}}
@media (prefers-color-scheme:dark){{body,.page{{background:{dark_page}!important}}.page>table,.page>table>tbody>tr>td\
{{background:{dark_page}!important}}.card,.card>table{{background:{dark_card}!important}}.heading div,.body-text div,\
.ink,.ink li,.facts td.fact-value,.brand div{{color:{dark_text}!important}}\
.facts td{{border-top-color:{dark_line}!important}}.facts td.fact-name,.foot div{{color:{dark_soft}!important}}\
a.link,.foot a{{color:{dark_link}!important}}.button td,.button a{{background:{dark_button}!important;\
color:{dark_button_text}!important}}.plate{{background:#ffffff!important;border-radius:8px}}}}
@media (max-width:623px){{.page{{padding:0 10px}}.card{{border-radius:12px!important}}}}</mj-style></mj-head>
<mj-body background-color="{page}" css-class="page" width="600px">
<mj-section padding="28px 0 18px"><mj-column><mj-text css-class="brand" align="center" font-size="16px" \
font-weight="600">{brand}</mj-text></mj-column></mj-section>
<mj-section css-class="card" background-color="{card}" border-radius="14px" padding="30px 0 26px"><mj-column>
<mj-text css-class="heading" font-size="21px" font-weight="600" line-height="1.4" \
padding="0 28px 14px">{heading}</mj-text>
<mj-text css-class="body-text">{body}</mj-text>
<mj-table css-class="facts" font-size="14px" line-height="1.6" color="{text}" padding="6px 28px 0">{rows}</mj-table>
<mj-raw>{button_from}</mj-raw><mj-button css-class="button" href="{button_url}" background-color="{button}" \
color="{button_text}" border-radius="9px" font-size="15px" font-weight="600" inner-padding="12px 28px" \
padding="24px 28px 4px" align="left">{button_label}</mj-button><mj-raw>{button_to}</mj-raw>
</mj-column></mj-section>
<mj-section padding="18px 0 34px"><mj-column><mj-text css-class="foot" align="center" font-size="12px" \
color="{soft}">{foot}</mj-text></mj-column></mj-section></mj-body></mjml>"""
_MARK = re.compile("@@([a-z_]+)@@")
_PLACES = ("title", "preheader", "brand", "heading", "body", "rows", "button_url", "button_label", "foot")


# A page per colour and language; the least used is compiled again when it is asked for.
@lru_cache(maxsize=256)
def page(accent: str, language: str) -> str:
    """The page in one colour and language, with its places marked."""
    # The label is what must be read; the button itself keeps the brand's colour unless it would vanish.
    dark_button = colour.shade_for(accent, DARK_CARD, 2.0)
    light_button = colour.shade_for(accent, CARD, 1.25)
    source = _PAGE.format(
        **{place: f"@@{place}@@" for place in _PLACES},
        lang=language, fonts=FONTS, page=PAGE, card=CARD, text=TEXT, soft=SOFT, line=LINE,
        dark_page=DARK_PAGE, dark_card=DARK_CARD, dark_text=DARK_TEXT, dark_soft=DARK_SOFT, dark_line=DARK_LINE,
        dark_link=colour.shade_for(accent, DARK_CARD), button=light_button,
        button_text=colour.readable_on(light_button), dark_button=dark_button,
        dark_button_text=colour.readable_on(dark_button), button_from=_BUTTON_FROM, button_to=_BUTTON_TO,
    )  # fmt: skip
    html: str = mjml2html(source)
    return html


def rows_html(rows: list[tuple[str, str]]) -> str:
    """The facts table's rows; both texts are plain."""
    return "".join(
        f'<tr><td class="fact-name" style="color:{SOFT}">{escape(name)}</td>'
        f'<td class="fact-value" style="color:{TEXT}">{escape(value)}</td></tr>'
        for name, value in rows
    )


class Sheet:
    """One wording in one brand and language: the whole page, ready to fill."""

    def __init__(self, parts: dict[str, Compiled], brand: Brand, locale: str) -> None:
        language = written(locale)
        link_style = f"color:{colour.shade_for(brand.accent, CARD)}"
        self.dynamic = {name: part for name, part in parts.items() if not part.simple}
        self.link_style = link_style
        places = {
            "title": _place("subject", parts, self.dynamic, link_style),
            "preheader": _place("preheader", parts, self.dynamic, link_style),
            "heading": _place("heading", parts, self.dynamic, link_style),
            "body": _place("body", parts, self.dynamic, link_style),
            "button_label": _place("button", parts, self.dynamic, link_style),
            "button_url": fence_name("button_url"),
            "rows": fence_name("rows"),
            "brand": brand_html(brand),
            "foot": foot_html(brand, language) + fence_name("unsubscribe"),
        }
        text = _MARK.sub(lambda match: places[match[1]], page(brand.accent, locale_tag(locale)))
        before, _, rest = text.partition(_BUTTON_FROM)
        button, _, after = rest.partition(_BUTTON_TO)
        self.with_button = Form.of(before + button + after)
        self.without_button = Form.of(before + after)

    def escaped_part(self, name: str, fenced: str) -> str:
        """A part that went through Liquid, as HTML with its values still fenced."""
        return _part_html(name, fenced, self.link_style)


def brand_html(brand: Brand) -> str:
    """The logo on its light plate, or the name."""
    if not brand.logo_url:
        return escape(brand.name)
    return (
        f'<span class="plate" style="display:inline-block;padding:4px 8px"><img src="{escape(brand.logo_url)}" '
        f'alt="{escape(brand.name)}" height="36" style="height:36px;max-width:220px;border:0"></span>'
    )


def foot_lines(brand: Brand, language: str) -> list[str]:
    """What stands under every mail, as plain text."""
    say = catalogue(language)
    lines = [brand.footer] if brand.footer else []
    lines.append(say("This message was sent automatically by {shop}.", shop=brand.name))
    if brand.support_contact:
        lines.append(say("Need help? {contact}", contact=brand.support_contact))
    return lines


def foot_html(brand: Brand, language: str) -> str:
    """The same as HTML."""
    return "<br>".join(escape(line) for line in foot_lines(brand, language))


def unsubscribe_html(url: str, language: str) -> str:
    """The way out, or nothing."""
    if not url:
        return ""
    label = escape(catalogue(language)("Notification settings"))
    return f'<br><a class="link" style="color:{SOFT}" href="{escape(url)}">{label}</a>'


def locale_tag(locale: str) -> str:
    """A locale as the `lang` attribute takes it; letters, digits and hyphens only."""
    tag = "".join(sign for sign in locale.replace("_", "-") if sign.isascii() and (sign.isalnum() or sign == "-"))
    # It stands in an attribute, so nothing but a tag's own letters may pass.
    return tag[:20] or "en"


def _place(name: str, parts: dict[str, Compiled], dynamic: dict[str, Compiled], link_style: str) -> str:
    if name in dynamic:
        return fence_name(f"part:{name}")
    return _part_html(name, parts[name].marked, link_style) if name in parts else ""


def _part_html(name: str, fenced: str, link_style: str) -> str:
    if name == "body":
        return to_html(fenced, link_style=link_style)
    return inline_html(fenced) if name == "heading" else escape(" ".join(fenced.split()))
