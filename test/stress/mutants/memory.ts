import type { Mutant } from './mutant.js'

export const memoryMutants: readonly Mutant[] = []
