/** The style and the script of the page. Both are in the page itself. */

export const pageStyle = `:root{color-scheme:light dark;--paper:#fff;--ink:#1c2230;--dim:#596273;--line:#ccd2dc;--soft:#f4f6f9;--link:#1f5fbf;--good:#1b7f3b;--bad:#c62828}
@media (prefers-color-scheme:dark){:root{--paper:#14181f;--ink:#e7eaf0;--dim:#a6afbd;--line:#3a4350;--soft:#1c222c;--link:#78aeff;--good:#5fd08a;--bad:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:0 20px 60px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
h1{margin:24px 0 0;font-size:26px;overflow-wrap:anywhere}
h2{margin:32px 0 8px;font-size:19px}
a{color:var(--link);margin-right:14px}
p{margin:6px 0}
.about,small{color:var(--dim)}
small{font-size:13px}
.tools{display:flex;flex-wrap:wrap;gap:8px 18px;align-items:center;margin:8px 0;color:var(--dim)}
.tools[hidden]{display:none}
button,input,select{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--dim);border-radius:5px;padding:3px 10px}
select{max-width:16em}
:focus-visible{outline:3px solid var(--link);outline-offset:1px}
.picture,.table{overflow:auto;border:1px solid var(--line);border-radius:6px}
.picture svg{display:block;width:100%;min-width:720px;height:auto}
.table{max-height:75vh}
#detail{min-height:4.5em;margin:6px 0 0;white-space:pre-wrap;overflow-wrap:anywhere;color:var(--dim);font:13px/1.4 ui-monospace,"DejaVu Sans Mono",monospace}
.claims>li{margin:6px 0}
.claims ul{margin:2px 0;color:var(--dim);overflow-wrap:anywhere}
.holds{color:var(--good)}
.fails{color:var(--bad)}
code{font:13px ui-monospace,"DejaVu Sans Mono",monospace;color:var(--ink)}
table{border-collapse:collapse;width:100%}
th,td{padding:3px 10px;text-align:left;vertical-align:top}
th{position:sticky;top:0;background:var(--soft);border-bottom:1px solid var(--line)}
td:nth-child(1){font-variant-numeric:tabular-nums}
td:nth-child(-n+3){white-space:nowrap}
td:nth-child(4){min-width:16em;overflow-wrap:anywhere}
tbody tr:nth-child(even){background:var(--soft)}
@media print{.tools,#detail{display:none}.table{max-height:none}}
`

/** Filters the table, shows details on hover, and widens the picture. The page can be read without it. */
export const pageScript = `'use strict'
for (const tools of document.querySelectorAll('.tools')) tools.hidden = false
const rows = [...document.querySelectorAll('tbody tr')].map((row) => {
  const [, ...words] = [...row.cells].map((cell) => cell.textContent)
  const [who, kind] = words
  return { row, who, kind, text: words.join(' ').toLowerCase() }
})
const [words, who, kind, shown] = ['words', 'who', 'kind', 'shown'].map((id) => document.getElementById(id))
function filter() {
  const wanted = words.value.trim().toLowerCase()
  let count = 0
  for (const each of rows) {
    const fits = (!who.value || each.who === who.value) && (!kind.value || each.kind === kind.value) &&
      each.text.includes(wanted)
    each.row.hidden = !fits
    if (fits) count++
  }
  shown.textContent = count + ' of ' + rows.length + ' events'
}
for (const field of [words, who, kind]) field.addEventListener('input', filter)
words.form.addEventListener('submit', (event) => event.preventDefault())
filter()
const picture = document.querySelector('.picture')
const svg = picture.querySelector('svg')
const detail = document.getElementById('detail')
function show(event) {
  const title = event.target.closest('svg *:has(> title)')?.querySelector('title')
  if (title) detail.textContent = title.textContent
}
picture.addEventListener('pointerover', show)
picture.addEventListener('click', show)
let zoom = 1
for (const button of document.querySelectorAll('[data-zoom]')) {
  button.addEventListener('click', () => {
    zoom = Math.min(16, Math.max(1, zoom * Number(button.dataset.zoom)))
    svg.style.width = zoom * 100 + '%'
  })
}
`
