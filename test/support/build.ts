import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'

/** Actors always run from the build, so the tests build once before they start, unless nothing has changed. */
export default function setup(): void {
  if (!isBuilt()) execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' })
}

function isBuilt(): boolean {
  const settings = [
    'package.json',
    'tsconfig.json',
    'tsconfig.framing.json',
    'docs/reference/command-line.md',
  ]
  // Folders too: removing a file changes the time of its folder.
  const sources = ['src', 'scripts'].flatMap((folder) => [
    folder,
    ...readdirSync(folder, { recursive: true }).map((file) => `${folder}/${file}`),
  ])
  // The build writes this file last.
  const built = statSync('dist/help.txt', { throwIfNoEntry: false })?.mtimeMs
  return built !== undefined && [...settings, ...sources].every((file) => statSync(file).mtimeMs < built)
}
