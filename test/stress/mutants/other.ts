import type { Mutant } from './mutant.js'

export const otherMutants: readonly Mutant[] = []
