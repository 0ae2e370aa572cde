/**
 * Node's compile cache (Node 22.1 and newer): later starts read the bytecode that an earlier one compiled. Node checks only
 * that it fits the source, so a user who can write to the folder could have any code run. Node's default folder is in /tmp,
 * where another user may create it first.
 */
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { cacheFolder, isOurs, look } from './cache-folder.js'

/** The types are those of Node 20, which does not have it. */
const { enableCompileCache } = nodeModule as { enableCompileCache?(folder: string): unknown }

/** Has this process use the cache for all code that it loads from now on. Never throws and never prints. */
export function useCompileCache(): void {
  const { NODE_COMPILE_CACHE: folder } = compileCacheVariable()
  if (folder !== undefined) enableCompileCache?.(folder)
}

/**
 * The environment variable with which an actor uses the cache: the folder that the user has chosen, else the one of osdemo.
 * Empty where no folder is safe from other users, where the user has disabled the cache, and in older versions of Node.
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
    // There is no home, or it is read-only: every start compiles.
    return {}
  }
}
