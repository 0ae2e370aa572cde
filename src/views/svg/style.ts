/** How pictures look, light and dark. CSS without variables, which not every viewer of SVG supports. */

const light = {
  paper: '#ffffff',
  ink: '#16202e',
  dim: '#4d5868',
  grid: '#dfe4ec',
  life: '#8a95a6',
  heldFill: '#ffdf9e',
  heldLine: '#a86400',
  running: '#00796b',
  ready: '#f0b429',
  waiting: '#b9c7dd',
  stopped: '#b5489b',
  zombie: '#2b2f38',
  arrow: '#1f5fbf',
  kernel: '#00798a',
  good: '#1b7f3b',
  bad: '#c62828',
  one: '#0067a5',
  two: '#c65300',
  three: '#00835f',
  four: '#a8487f',
}

const dark: typeof light = {
  paper: '#14181f',
  ink: '#eef1f6',
  dim: '#b3bccb',
  grid: '#2a313d',
  life: '#7a8598',
  heldFill: '#6d4c10',
  heldLine: '#ffb950',
  running: '#35b39f',
  ready: '#d9a62e',
  waiting: '#4d5b73',
  stopped: '#d67fc0',
  zombie: '#a3abba',
  arrow: '#78aeff',
  kernel: '#4dc4d4',
  good: '#5fd08a',
  bad: '#ff7b72',
  one: '#5db2ea',
  two: '#f58b3f',
  three: '#35c39a',
  four: '#e08fbd',
}

/** The classes of colour. `one` to `four` tell participants apart: `one` fills, `one-line` draws a line. */
function colors(of: typeof light): string {
  return `.paper{fill:${of.paper}}
text,.ink{fill:${of.ink}}
.dim{fill:${of.dim}}
.halo{stroke:${of.paper}}
.on{fill:${of.paper}}
.grid{stroke:${of.grid}}
.band{fill:${of.grid};fill-opacity:.45}
.frame{fill:none;stroke:${of.ink}}
.life{stroke:${of.life}}
.held{fill:${of.heldFill};stroke:${of.heldLine}}
.once{stroke:${of.heldLine}}
.failed{stroke:${of.bad}}
.new{fill:${of.paper};stroke:${of.ink}}
.running{fill:${of.running}}
.ready{fill:${of.ready}}
.waiting{fill:${of.waiting}}
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
${(['one', 'two', 'three', 'four'] as const)
  .map((name) => `.${name}{fill:${of[name]}}\n.${name}-line{stroke:${of[name]}}\n`)
  .join('')}`
}

export const style = `text{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:15px}
.title{font-size:32px;font-weight:600}
.see{font-size:18px}
.small{font-size:14px}
.name{font-size:16px;font-weight:600}
.large{font-size:20px;font-weight:600}
.badge{font-size:14px;font-weight:600}
.mono{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:14px}
.halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
.grid,.life,.mark{fill:none}
.life,.frame{stroke-width:1.5}
.new{stroke-width:1.5;stroke-dasharray:4 3}
.one-line,.two-line,.three-line,.four-line{fill:none;stroke-width:2.5}
.once{stroke-width:2}
.arrow,.lost{fill:none;stroke-width:2}
${colors(light)}@media (prefers-color-scheme:dark){
${colors(dark)}}
`
