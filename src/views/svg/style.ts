/** How pictures look, light and dark. CSS without variables, which not every viewer of SVG supports. */

const light = {
  paper: '#ffffff',
  ink: '#1c2230',
  dim: '#596273',
  grid: '#e3e7ee',
  life: '#98a2b3',
  heldFill: '#ffdf9e',
  heldLine: '#a86400',
  running: '#2e8b57',
  ready: '#f3c04b',
  waiting: '#ccd2dc',
  stopped: '#8e6fc9',
  zombie: '#4a5160',
  arrow: '#1f5fbf',
  kernel: '#00798a',
  good: '#1b7f3b',
  bad: '#c62828',
}

const dark: typeof light = {
  paper: '#14181f',
  ink: '#e7eaf0',
  dim: '#a6afbd',
  grid: '#2a313d',
  life: '#6f7989',
  heldFill: '#6d4c10',
  heldLine: '#ffb950',
  running: '#3fae72',
  ready: '#c9952b',
  waiting: '#4a5363',
  stopped: '#a58be0',
  zombie: '#8b94a5',
  arrow: '#78aeff',
  kernel: '#4dc4d4',
  good: '#5fd08a',
  bad: '#ff7b72',
}

function colors(of: typeof light): string {
  return `.paper{fill:${of.paper}}
text{fill:${of.ink}}
.dim{fill:${of.dim}}
.halo{stroke:${of.paper}}
.grid{stroke:${of.grid}}
.band{fill:${of.grid};fill-opacity:.35}
.life{stroke:${of.life}}
.held{fill:${of.heldFill};stroke:${of.heldLine}}
.once{stroke:${of.heldLine}}
.failed{stroke:${of.bad}}
.running{fill:${of.running}}
.ready{fill:${of.ready}}
.waiting,.new{fill:${of.waiting}}
.stopped{fill:${of.stopped}}
.zombie,.gone{fill:${of.zombie}}
.arrow{stroke:${of.arrow}}
.head,.tally{fill:${of.arrow}}
.filling{fill:${of.arrow};fill-opacity:.25}
.sheaf{fill:${of.arrow};fill-opacity:.08}
.region{stroke:${of.life};fill-opacity:.12}
.resident{fill-opacity:.35}
.code{fill:${of.running}}
.writable{fill:${of.ready}}
.constant{fill:${of.arrow}}
.kernel{fill:${of.kernel}}
.mark{stroke:${of.dim}}
.good{fill:${of.good}}
.bad{fill:${of.bad}}
.lost{stroke:${of.bad}}
.badge{fill:${of.paper}}
`
}

export const style = `text{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px}
.title{font-size:17px;font-weight:600}
.small{font-size:11px}
.name{font-size:13px;font-weight:600}
.badge{font-size:10px;font-weight:600}
.mono{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:11px}
.halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}
.grid,.life,.mark{fill:none}
.life{stroke-width:1.5}
.once{stroke-width:2}
.arrow,.lost{fill:none;stroke-width:1.5}
${colors(light)}@media (prefers-color-scheme:dark){
${colors(dark)}}
`
