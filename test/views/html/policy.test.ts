import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createView } from '../../../src/views/index.js'
import { run } from '../../support/stories.js'

test('a browser runs the script and the styles of the page, and loads nothing else', async () => {
  const view = await createView('html', undefined, { color: false, width: 80, hide: [] })
  const page = view.event({ v: 1, t: 1, pid: 1, tid: 1, actor: 'osdemo', ...run }) + view.end()
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
  const rules = new Map(
    policy.split('; ').map((rule): [string, string[]] => {
      const [name = '', ...values] = rule.split(' ')
      return [name, values]
    }),
  )
  const hashesOf = (tag: string) =>
    [...page.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(
      ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
    )
  expect(rules.get('default-src')).toEqual(["'none'"])
  expect(rules.get('script-src')).toEqual(hashesOf('script'))
  expect(rules.get('style-src')).toEqual(expect.arrayContaining(hashesOf('style')))
  expect(rules.get('base-uri')).toEqual(["'none'"])
  expect(rules.get('form-action')).toEqual(["'none'"])
})
