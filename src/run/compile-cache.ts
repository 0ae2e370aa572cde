/**
 * Node's compile cache (Node 22.1 and newer): the bytecode of what was compiled once is read by every later start. Node
 * checks only whether it fits the source, so whoever can write there decides what runs. Node's own default is a folder in
 * /tmp, which another user could have prepared.
 */
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { cacheFolder, isOurs, look } from './cache-folder.js'

/** The types of Node 20 do not have it. */
const { enableCompileCache } = nodeModule as { enableCompileCache?(folder: string): unknown }

/** What is loaded from now on in this process is looked up in the cache, and kept there. Never throws and never prints. */
export function useCompileCache(): void {
  const { NODE_COMPILE_CACHE: folder } = compileCacheVariable()
  if (folder !== undefined) enableCompileCache?.(folder)
}

/**
 * The environment variable that has a process or thread of ours use the cache: the folder that the user has chosen, else
 * ours. Empty where no folder is safe from other users, where the user wants none, and on older versions of Node.
 */
export function compileCacheVariable(): { NODE_COMPILE_CACHE?: string } {
  const { NODE_COMPILE_CACHE: chosen, NODE_DISABLE_COMPILE_CACHE: disabled } = process.env
  if (!enableCompileCache || disabled) return {}
  if (chosen) return { NODE_COMPILE_CACHE: chosen }
  try {
    const folder = cacheFolder()
    const found = look(folder)
    return found?.isDirectory() && isOurs(found) ? { NODE_COMPILE_CACHE: join(folder, 'node') } : {}
  } catch {
    // No home, or one on a read-only disk: every start compiles.
    return {}
  }
}
