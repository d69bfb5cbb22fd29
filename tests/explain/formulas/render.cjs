// Renders formulas with KaTeX and MathJax, and tells which of them they refuse.
// In: [[formula, is_display], ...] as JSON; out: [[renderer, formula, message], ...].
const katex = require("katex");
const { mathjax } = require("mathjax-full/js/mathjax.js");
const { TeX } = require("mathjax-full/js/input/tex.js");
const { STATE } = require("mathjax-full/js/core/MathItem.js");
const { liteAdaptor } = require("mathjax-full/js/adaptors/liteAdaptor.js");
const { RegisterHTMLHandler } = require("mathjax-full/js/handlers/html.js");
require("mathjax-full/js/input/tex/AllPackages.js");

const adaptor = liteAdaptor();
RegisterHTMLHandler(adaptor);
const refused = [];
// What is there everywhere; without `noundefined` and `noerrors`, which write what is not
// understood in red, a mistake is an error.
const packages = ["base", "ams", "color", "boldsymbol"];
const tex = new TeX({ packages, formatError: (jax, error) => { throw error; } });
const page = mathjax.document("", { InputJax: tex });

for (const [formula, display] of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  try {
    katex.renderToString(formula, { displayMode: display, throwOnError: true, strict: "ignore" });
  } catch (error) {
    refused.push(["KaTeX", formula, String(error.message)]);
  }
  try {
    page.convert(formula, { display, end: STATE.COMPILED });
  } catch (error) {
    refused.push(["MathJax", formula, String(error.message)]);
  }
}
process.stdout.write(JSON.stringify(refused));
