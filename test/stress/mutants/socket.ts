import type { Mutant } from './mutant.js'

export const socketMutants: readonly Mutant[] = []
