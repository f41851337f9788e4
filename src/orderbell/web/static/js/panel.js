/** What every page of the panel runs; each file is one deed. */

import "./toast.js";
import "./copy.js";
import "./theme.js";
import "./drawer.js";
import "./keys.js";
import "./live.js";
import "./steps.js";
