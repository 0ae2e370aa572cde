import type { Mutant } from './mutant.js'

export const whyMutants: readonly Mutant[] = []
