/** The lines of README.md as they stand there, but for the port: its configuration, its disk, its commands. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../programs.ts'
import { startService } from '../service.ts'
import { until } from '../until.ts'

const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8')

function quoted(what: RegExp): string {
  const [, text] = what.exec(readme) ?? []
  assert.ok(text, `README.md has nothing like ${what}`)
  return text
}

test('the curl lines of README.md share a backup and make a disk of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-readme-'))
  try {
    await writeFile(join(folder, 'opencbr.yaml'), quoted(/```yaml\n(.+?)```/s))
    await bash(folder, quoted(/`(truncate .+?)`/))
    await using service = await startService('curl', folder)
    const lines = quoted(/```sh\n(sign_in\(.+?)```/s).replaceAll('http://127.0.0.1:8799', service.url)
    const said = await bash(folder, `set -u\n${lines}`)
    const refused = service.calls.filter(({ status }) => status >= 400)
    assert.deepEqual(refused, [], said)
    const { volume } = JSON.parse(said.slice(said.lastIndexOf('{"volume"')))
    const copy = join('opencbr-data', 'disks', `${volume.id}.raw`)
    await until(
      () => bash(folder, `cmp db-01.raw ${copy} && echo same || true`),
      answer => answer === 'same\n',
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

const bash = (cwd: string, script: string): Promise<string> =>
  run('bash', { words: ['-c', script], cwd, environment: { PATH: `${process.env.PATH}:/sbin:/usr/sbin` } })
