import type { Mutant } from './mutant.js'

export const pipeMutants: readonly Mutant[] = []
