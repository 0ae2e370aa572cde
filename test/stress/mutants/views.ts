import type { Mutant } from './mutant.js'

export const viewsMutants: readonly Mutant[] = []
