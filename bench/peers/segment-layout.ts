/** Where in the segment the locks are, in bytes: behind the cell that is counted in, each on a cache line of its own. */
export const lockOffsets = [64, 128, 192]
