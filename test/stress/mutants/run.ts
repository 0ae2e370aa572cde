import type { Mutant } from './mutant.js'

const falseClaim = 'test/run/false-claim.test.ts'

export const runMutants: readonly Mutant[] = [
  {
    file: 'src/run/own-words.ts',
    from: 'if (altered === undefined) return',
    to: 'if (altered !== undefined) return',
    test: 'test/cli.test.ts',
    title: 'a word that is not UTF-8',
  },
  {
    file: 'src/run/own-words.ts',
    from: '.slice(-words.length)',
    to: '.slice(words.length)',
    test: 'test/cli.test.ts',
    title: 'is not one in which the user has typed',
  },
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
  {
    file: 'src/run/ledger.ts',
    from: "const state = boot === ownBoot() ? bootState : 'before this boot'",
    to: 'const state = bootState',
    test: 'test/run/ledger.test.ts',
  },
  {
    file: 'src/run/sweep.ts',
    from: 'one.changed >= since - 1',
    to: 'one.changed >= 0',
    test: 'test/run/ledger-segments.test.ts',
  },
  {
    file: 'src/run/sweep.ts',
    from: 'one.creatorPid === maker &&',
    to: '',
    test: 'test/run/ledger-segments.test.ts',
  },
  {
    file: 'src/run/sweep.ts',
    from: "if (found && state === 'kept') return []",
    to: '',
    test: 'test/run/ledger-segments.test.ts',
  },
  {
    file: 'src/run/sweep.ts',
    from: "(run.state === 'alive' && state === 'needed')",
    to: 'false',
    test: 'test/run/ledger.test.ts',
  },
  {
    file: 'src/run/runtime-folder.ts',
    from: 'chmodSync(folder, 0o700)',
    to: 'chmodSync(folder, 0o755)',
    test: 'test/run/runtime-folder.test.ts',
  },
  {
    file: 'src/run/event-order.ts',
    from: 'while (at > 0 && held[at - 1]!.t > event.t) at--',
    to: 'while (at > 0 && held[at - 1]!.t >= event.t) at--',
    test: 'test/run/event-order.test.ts',
  },
  {
    file: 'src/run/event-order.ts',
    from: 'first.t <= before && first.t < heldSince',
    to: 'first.t <= before',
    test: 'test/run/event-order.test.ts',
  },
  {
    file: 'src/actors/lib/event-queue.ts',
    from: 'if (out.writableLength > queueLimit) dropped++',
    to: 'if (out.writableLength < 0) dropped++',
    test: 'test/actors/lib/runtime.test.ts',
  },
  {
    file: 'src/run/runtime-folder.ts',
    from: 'stats?.isDirectory() === true && stats.uid === uid',
    to: 'stats?.isDirectory() === true',
    test: 'test/run/runtime-folder.test.ts',
  },
]
