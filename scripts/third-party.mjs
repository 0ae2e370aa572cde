/** The notices that the licenses of bundled packages require. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The licenses of the packages whose code is in a build. Packages with the same text share it, each with its own copyright.
 *
 * @param {import('esbuild').Metafile[]} metafiles
 * @throws when a package has no file with its license
 */
export function thirdPartyNotices(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.entries(output.inputs)),
  )
  const folders = inputs.flatMap(([path, { bytesInOutput }]) => {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []
    return folder === undefined || bytesInOutput === 0 ? [] : [folder]
  })
  /** @type {Map<string, string[]>} */
  const owners = new Map()
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each))
    if (file === undefined) throw new Error(`The package ${name} has no file with its license: ${folder}`)
    const lines = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .map((line) => line.trim())
    const isOwner = (/** @type {string} */ line) => /^copyright\b.*(\d{4}|\(c\)|©)/i.test(line)
    const text = lines
      .filter((line) => !isOwner(line))
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
    // Only the line breaks of the same license differ.
    const key =
      [...owners.keys()].find((each) => each.split(/\s+/).join(' ') === text.split(/\s+/).join(' ')) ?? text
    owners.set(key, [
      ...(owners.get(key) ?? []),
      [`${name} ${version}`, ...lines.filter(isOwner)].join('\n  '),
    ])
  }
  const parts = [...owners].map(([text, names]) => `${names.join('\n')}\n\n${text}`)
  return `The files in this folder contain code of the packages below, under these licenses.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
