import type { Mutant } from './mutant.js'

const falseClaim = 'test/run/false-claim.test.ts'

export const viewsMutants: readonly Mutant[] = [
  { file: 'src/views/verdict.ts', from: 'if (!holds) failed++', to: 'if (!holds) count++', test: falseClaim },
  {
    file: 'src/views/verdict.ts',
    from: "return holds ? '✔' : '✘'",
    to: "return holds ? '✔' : '✔'",
    test: falseClaim,
  },
  {
    file: 'src/views/svg/figure.ts',
    from: 'const words = claim.holds ? claim.text : ',
    to: 'const words = claim.holds ? claim.text : claim.text || ',
    test: falseClaim,
  },
  {
    file: 'src/views/prose/index.ts',
    from: "return level !== 'tool' || !event.holds",
    to: "return level !== 'tool'",
    test: falseClaim,
  },
  {
    file: 'src/views/mermaid/diagram.ts',
    from: "'✘ claim failed:'",
    to: "'✔'",
    test: falseClaim,
  },
  {
    file: 'src/views/html/index.ts',
    from: "default-src 'none'; img-src",
    to: 'default-src *; img-src',
    test: 'test/views/html/policy.test.ts',
  },
  {
    file: 'src/views/timeline/fold.ts',
    from: 'if (event.depth) return false',
    to: 'if (!event.depth) return false',
    test: 'test/views/timeline/timeline.test.ts',
  },
  {
    file: 'src/views/svg/timeline/depth.ts',
    from: 'height * Math.max(0, after / most)',
    to: '(height * after) / most',
    test: 'test/views/any-recording.test.ts',
    title: 'finite',
  },
  {
    file: 'src/views/table.ts',
    from: '(Object.hasOwn(cells, column) && cells[column])',
    to: 'cells[column]',
    test: 'test/views/hostile-recording.test.ts',
    title: 'named like properties',
  },
  {
    file: 'src/views/escape-control.ts',
    from: '[\\p{Cc}\\p{Cs}',
    to: '[\\p{Cs}',
    test: 'test/views/timeline/timeline.test.ts',
  },
  {
    file: 'src/views/escape-control.ts',
    from: 'unusual.test(text) ? text.replace(everyInvisible, escapeForJson) : text',
    to: 'text',
    test: 'test/cli.test.ts',
    title: '--json and --save escape',
  },
  {
    file: 'src/views/timeline/index.ts',
    from: 'if (isFrame(event)) return showFrame(event)',
    to: 'if (isFrame(event)) return drawParagraph(event.text)',
    test: 'test/views/timeline/timeline.test.ts',
  },
]
