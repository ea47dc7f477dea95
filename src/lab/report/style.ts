// How reports look: one palette for light and one for dark, chosen by the reader's own system. Pictures
// use the same variables, so a picture is drawn once and fits both.

const light = `
--paper:#fbfaf7;--card:#ffffff;--ink:#22252b;--soft:#646b78;--line:#e3e1da;--band:#e9e6dc;--hatch:#b9b4a3;
--good:#1f7a4d;--bad:#b3312c;--warn:#a36a00;--good-bg:#e2f2e8;--bad-bg:#fae5e2;--warn-bg:#faefd6;--crown:#c18a00;
--c0:#2f5fc4;--c1:#8a8f9a;--c2:#c8642b;--c3:#8a3fa8;--c4:#0f8a8a;--c5:#a8324f;--c6:#5c7a1f;--c7:#4b4bb5;
--e0:#5b8def;--e1:#f0a04b;--e2:#4fb58a;--e3:#d072c4;--e4:#c9b13a;--e5:#6fb7d6;--e6:#e0736d;--e7:#9b8cf0;`

const dark = `
--paper:#15171c;--card:#1d2027;--ink:#e6e7ea;--soft:#9aa1ae;--line:#31353f;--band:#2a2d36;--hatch:#565b68;
--good:#5fcf95;--bad:#f0857d;--warn:#e8b55a;--good-bg:#173425;--bad-bg:#3d2220;--warn-bg:#3a2f17;--crown:#f2c14e;
--c0:#7aa5ff;--c1:#a2a8b5;--c2:#f29b66;--c3:#cf8fe8;--c4:#4fc9c9;--c5:#f28ba6;--c6:#b0cf6a;--c7:#a3a3ff;
--e0:#4f7ed8;--e1:#d88a36;--e2:#3f9d76;--e3:#b75fac;--e4:#b09a2f;--e5:#5aa0be;--e6:#c9605b;--e7:#8577d6;`

const lines = (of: 'stroke' | 'fill', name: string): string =>
  Array.from(
    { length: 8 },
    (_, k) => `.${name}${k}{${of}:var(--${name[0] === 'e' ? 'e' : 'c'}${k})}`,
  ).join('')

/** Rules that pictures need, inside a page or alone. */
export const pictureStyle = `
text{font:12px ui-sans-serif,system-ui,sans-serif;fill:var(--ink)}
.soft{fill:var(--soft)}.small{font-size:10.5px}.strong{font-weight:600}.end{text-anchor:end}.mid{text-anchor:middle}
.axis{stroke:var(--line);fill:none}.band{fill:var(--band)}.doubt{fill:none;stroke:var(--hatch);stroke-dasharray:4 3}
.lane{fill:var(--line);opacity:.45}.gone{fill:var(--paper)}
${lines('fill', 'epoch')}${lines('stroke', 'c')}${lines('fill', 'dot')}${lines('fill', 'speck')}
[class^="c"]{fill:none;stroke-width:2;stroke-linejoin:round}
[class^="dot"]{stroke:var(--card);stroke-width:1.5}
.dash1{stroke-dasharray:6 3}.dash2{stroke-dasharray:2 3}
.ok{stroke:var(--good)}.fail{stroke:var(--bad);stroke-width:2}.info{stroke:var(--warn);stroke-width:2}
.late{stroke:var(--ink);opacity:.22;stroke-width:.7;fill:none}
.crown{fill:var(--crown)}.reign{stroke:var(--crown);stroke-width:2}.mark{fill:var(--ink)}
.heat{fill:var(--c5)}.zone{fill:var(--good-bg)}[class^="speck"]{opacity:.55}`

/** The palette, for a page or a picture. */
export const palette = `:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}`

export const pageStyle = `${palette}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:0 20px 80px}
header{padding:44px 0 8px}
h1{font-size:2rem;line-height:1.2;margin:0 0 6px;text-wrap:balance}
h2{font-size:1.35rem;margin:56px 0 6px;padding-top:10px;border-top:1px solid var(--line)}
h3{font-size:1.02rem;margin:26px 0 6px}
p{max-width:72ch;margin:8px 0}
.lead{color:var(--soft);margin:0 0 14px;max-width:72ch}
.meta{color:var(--soft);font-size:.9rem}
nav{position:sticky;top:0;z-index:2;background:var(--paper);border-bottom:1px solid var(--line);margin:14px -20px 0;
padding:8px 20px;display:flex;flex-wrap:wrap;gap:4px 18px;white-space:nowrap;font-size:.88rem}
a{color:var(--c0);text-decoration:none}a:hover{text-decoration:underline}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:14px 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:500;font-size:.82rem;white-space:nowrap}
tbody th{font-weight:500}tr:last-child>*{border-bottom:0}
td.number{white-space:nowrap}td small{color:var(--soft);white-space:nowrap;display:block;font-size:.78rem}
.ideal{background:color-mix(in srgb,var(--band) 55%,transparent)}
.anomalies td,.anomalies thead th+th{text-align:center;padding:6px 4px}.anomalies thead th{white-space:normal;vertical-align:bottom;line-height:1.2;font-size:.76rem}
.anomalies td.bad a{color:var(--bad);text-decoration:underline}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.soft{color:var(--soft)}
.badge{display:inline-block;border-radius:99px;padding:1px 10px;font-size:.82rem;font-weight:600;white-space:nowrap}
.badge.pass{background:var(--good-bg);color:var(--good)}.badge.fail{background:var(--bad-bg);color:var(--bad)}
.badge.unknown{background:var(--warn-bg);color:var(--warn)}
.key{display:inline-block;width:.75em;height:.75em;border-radius:2px;margin-right:.4em;vertical-align:-.04em}
${Array.from({ length: 8 }, (_, k) => `.key.k${k}{background:var(--c${k})}.key.h${k}{background:var(--e${k})}`).join('')}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:14px}
.pairs>.card{margin:0}.legend+.pairs{margin-top:14px}
figure{margin:0}figcaption{font-size:.9rem;margin-bottom:6px}figcaption b{font-weight:600}
figcaption span{color:var(--soft)}
svg{display:block;width:100%;height:auto}
.wide svg{min-width:720px}
.legend{max-width:none;display:flex;flex-wrap:wrap;gap:2px 18px;font-size:.82rem;color:var(--soft);margin:8px 0 0}
pre,code{font:13px/1.5 ui-monospace,monospace}pre{overflow-x:auto;margin:0;white-space:pre}
pre.wrap{white-space:pre-wrap;overflow-wrap:anywhere}
details>summary{cursor:pointer;color:var(--soft);margin:8px 0}
dl{margin:0;display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;font-size:.9rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.lesson{display:grid;grid-template-columns:2.2em 1fr;gap:0 14px}.lesson>b{font-size:1.9rem;line-height:1.1;color:var(--c0)}
.lesson p{margin-top:2px}.figure{font-weight:600;white-space:nowrap}
.witness{border-left:3px solid var(--bad);padding-left:12px;margin:12px 0}
:target{outline:2px solid var(--c0);outline-offset:6px;border-radius:4px}
@media (max-width:560px){h1{font-size:1.5rem}main{padding:0 14px 60px}nav{margin:14px -14px 0;padding:8px 14px}.card{padding:12px}
th,td{padding:5px 7px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
@media print{nav{display:none}.card{break-inside:avoid}}
${pictureStyle.replaceAll('text{', 'svg text{')}`
