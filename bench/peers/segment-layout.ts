/** The offsets of the locks in the segment, after the counter at 0. Each has a cache line of its own. */
export const lockOffsets = [64, 128, 192]
