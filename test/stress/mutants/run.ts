import type { Mutant } from './mutant.js'

const falseClaim = 'test/run/false-claim.test.ts'

export const runMutants: readonly Mutant[] = [
  {
    file: 'src/run/stage.ts',
    from: 'if (!holds) falseClaims.push(text)',
    to: 'if (holds === undefined) falseClaims.push(text)',
    test: falseClaim,
  },
  {
    file: 'src/run/stage.ts',
    from: "show({ event: 'claim', id, text, holds,",
    to: "show({ event: 'claim', id, text, holds: true,",
    test: falseClaim,
  },
  {
    file: 'src/run/run.ts',
    from: 'if (falseClaims.length > 0) throw claimsFailed(falseClaims)',
    to: 'if (falseClaims.length > 2) throw claimsFailed(falseClaims)',
    test: falseClaim,
  },
]
