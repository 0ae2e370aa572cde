import type { Mutant } from './mutant.js'

export const processMutants: readonly Mutant[] = []
