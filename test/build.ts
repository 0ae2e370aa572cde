import { execFileSync } from 'node:child_process'

/** Actors always run from the build, so the tests build once, before any of them. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' })
}
