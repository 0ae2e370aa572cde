/** Texts that may break a rule of plain words, each with its reason. */
import type { Rule, Violation } from './rules.js'

interface Exception {
  file: string
  rule: Rule
  /** A part of the text. */
  part: string
  reason: string
}

export const exceptions: readonly Exception[] = [
  ...['set auto-load off', 'bt -frame'].map((part) => ({
    file: 'src/demos/why/stack.ts',
    rule: 'word' as const,
    part,
    reason: 'This is a command of gdb.',
  })),
  ...[
    ['src/demos/why/attach.ts', 'shift 2; '],
    ['src/demos/why/render/step.ts', 'import ctypes, os'],
  ].map(([file = '', part = '']) => ({ file, rule: 'word' as const, part, reason: 'This is a script.' })),
  ...(['word', 'length'] as const).map((rule) => ({
    file: 'src/demos/pipe/one-machine.ts',
    rule,
    part: 'mount -t',
    reason: 'This is a script of the shell.',
  })),
  {
    file: 'docs/mistakes/queue/type-nobody-sends.md',
    rule: 'turn',
    part: 'queue/type-nobody-sends',
    reason: 'This is the id of a finding.',
  },
]

export function isAllowed(violation: Violation): boolean {
  return exceptions.some((exception) => covers(exception, violation))
}

export function covers({ file, rule, part }: Exception, violation: Violation): boolean {
  return violation.file === file && violation.rule === rule && violation.text.includes(part)
}
