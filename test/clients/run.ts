/**
 * `npm run test:clients`: brings real clients onto this machine, runs them against a real service, and holds the table of
 * docs/clients.md to what they did. `-- --write` writes the table; other words pick suites, and then no table is looked at.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { coverageOf, tableOf, uncovered, unfounded, withTable } from './coverage.ts'
import { installClients } from './install.ts'
import { type Records, readRecords } from './record.ts'

const suites = fileURLToPath(new URL('../../scripts/test.ts', import.meta.url))
const document = new URL('../../docs/clients.md', import.meta.url)

const words = process.argv.slice(2).filter(word => word !== '--write')
const begun = performance.now()
installClients()
const folder = await mkdtemp(join(tmpdir(), 'opencbr-record-'))
try {
  const { code, lastLine } = await runSuites(folder)
  if (code !== 0) process.exitCode = 1
  else if (words.length === 0) await holdTable(await readRecords(folder))
  console.log(`${Math.round((performance.now() - begun) / 1000)} s`)
  const [, passed = '0', failed = '0'] = /^(\d+) passed, (\d+) failed/.exec(lastLine) ?? []
  const tableFailed = code === 0 && process.exitCode === 1
  console.log(`${passed} passed, ${Number(failed) + (tableFailed ? 1 : 0)} failed`)
} finally {
  await rm(folder, { recursive: true })
}

async function runSuites(record: string): Promise<{ readonly code: number | null; readonly lastLine: string }> {
  const child = spawn(process.execPath, [suites, '--clients', ...words], {
    env: { ...process.env, CLIENTS_RECORD: record },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text)
    said = (said + text).slice(-1000)
  })
  await once(child, 'close')
  return { code: child.exitCode, lastLine: said.trimEnd().split('\n').at(-1) ?? '' }
}

async function holdTable(records: Records): Promise<void> {
  const coverage = coverageOf(records)
  const none = uncovered(coverage)
  console.log(`${coverage.size - none.length} of ${coverage.size} operations answered a real client with success`)
  if (none.length > 0) console.log(`not so: ${none.join(', ')}`)
  const committed = await readFile(document, 'utf8')
  const wanted = withTable(committed, tableOf(coverage))
  if (process.argv.includes('--write')) await writeFile(document, wanted)
  else if (wanted !== committed) console.log('docs/clients.md is not up to date: npm run test:clients -- --write')
  const claims = unfounded(await readFile(document, 'utf8'), coverage)
  for (const claim of claims) console.log(`FAIL docs/clients.md claims what this run did not show: ${claim}`)
  if (claims.length > 0) process.exitCode = 1
}
