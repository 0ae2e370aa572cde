/** Writes the reports, whole and renamed, so that after each check they are valid, whatever happens to osdemo then. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemCallError } from '../../errors.js'
import { formats, type Results } from '../../lab/reports/index.js'
import { prepareWholeFile } from '../../run/whole-file.js'

/** As `--report FORMAT=FILE` names them. */
export const formatNames = Object.keys(formats)

export interface ReportFile {
  format: string
  path: string
}

/** @throws OsdemoError where one cannot be written */
export async function saveReports(files: readonly ReportFile[], results: Results): Promise<void> {
  for (const { format, path } of files) {
    try {
      mkdirSync(dirname(path), { recursive: true })
      const { write } = await prepareWholeFile(path)
      await write(Buffer.from(formats[format]?.(results) ?? ''))
    } catch (error) {
      throw systemCallError(error, `cannot write the report ${path}`)
    }
  }
}
