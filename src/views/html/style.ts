/** The style of the page. */

export const pageStyle = `:root{color-scheme:light dark;--paper:#fff;--ink:#1c2230;--dim:#596273;--line:#ccd2dc;--soft:#f4f6f9;--link:#1f5fbf;--chosen:#fff0c2;--mark:#a04a00;--good:#1b7f3b;--bad:#c62828}
@media (prefers-color-scheme:dark){:root{--paper:#14181f;--ink:#e7eaf0;--dim:#a6afbd;--line:#3a4350;--soft:#1c222c;--link:#78aeff;--chosen:#4a3a10;--mark:#ffb950;--good:#5fd08a;--bad:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1800px;padding:0 20px 60px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
header{display:flex;flex-wrap:wrap;gap:0 24px;align-items:baseline;margin:8px 0}
h1{margin:0;font-size:22px;overflow-wrap:anywhere}
h2{margin:0;font-size:18px;color:var(--ink)}
section{margin:12px 0}
a{color:var(--link)}
p{margin:4px 0}
.about,small{color:var(--dim)}
small,.about,.keys{font-size:13px}
nav a{margin-right:14px}
.tools{display:flex;flex-wrap:wrap;gap:6px 8px;align-items:center;margin:6px 0;color:var(--dim)}
button,input,select{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--dim);border-radius:5px;padding:2px 10px}
input[type=range]{flex:1 1 100%;padding:0;accent-color:var(--link)}
input[type=search]{width:7em}
#who,#kind{max-width:6em}
kbd{font:13px ui-monospace,"DejaVu Sans Mono",monospace;border:1px solid var(--line);border-radius:3px;padding:0 4px;color:var(--ink)}
:focus-visible{outline:3px solid var(--link);outline-offset:1px}
.picture,.table{overflow:auto;border:1px solid var(--line);border-radius:6px}
.picture svg{display:block;width:calc(var(--zoom,1)*100%);min-width:720px;height:auto}
.picture .later{opacity:0;pointer-events:none}
.picture .chosen{outline:3px solid var(--mark);outline-offset:2px}
#current{min-height:3em;font-size:16px;overflow-wrap:anywhere}
#detail{min-height:1.4em;margin:0;white-space:pre-wrap;overflow-wrap:anywhere;color:var(--dim);font:13px/1.4 ui-monospace,"DejaVu Sans Mono",monospace}
.claims>li{margin:6px 0}
.claims ul{margin:2px 0;color:var(--dim);overflow-wrap:anywhere}
.holds{color:var(--good)}
.fails{color:var(--bad)}
code{font:13px ui-monospace,"DejaVu Sans Mono",monospace;color:var(--ink)}
.table{max-height:75vh}
table,thead{display:block}
thead{position:sticky;top:0;z-index:1;background:var(--soft);border-bottom:1px solid var(--line)}
tbody{display:block;content-visibility:auto;contain-intrinsic-height:200em}
tr{display:grid;grid-template-columns:4.6em 6.5em 10em 6em minmax(0,1fr);column-gap:10px;padding:3px 10px}
th,td{padding:0;text-align:left;overflow-wrap:anywhere}
td:nth-child(-n+2){font-variant-numeric:tabular-nums}
tbody tr:nth-child(even){background:var(--soft)}
tbody tr{cursor:pointer}
tbody tr[aria-current],tbody tr:target{background:var(--chosen);box-shadow:inset 4px 0 var(--mark)}
[hidden]{display:none}
@media screen and (min-width:1100px){
.stage:not(.wide){display:grid;grid-template-columns:minmax(0,1.7fr) minmax(0,1fr);gap:0 20px}
.stage:not(.wide) .table{max-height:calc(100vh - 165px);min-height:320px}
.stage:not(.wide) tr{grid-template-columns:4.6em 6em minmax(0,1fr) 5.5em;font-size:14px}
.stage:not(.wide) tr>:nth-child(5){grid-column:2/-1}
}
@media (max-width:600px){
tr{grid-template-columns:4.6em 6em minmax(0,1fr)}
tr>:nth-child(n+4){grid-column:2/-1}
}
@media (prefers-reduced-motion:no-preference){.picture [data-t]{transition:opacity .15s}}
@media print{.tools,.keys,#current,#detail{display:none}.table{max-height:none}tbody{content-visibility:visible}}
`
