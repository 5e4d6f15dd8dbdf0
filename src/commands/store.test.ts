/** `opencbr store` as an operator meets it: on the data directory of a service that has stopped. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openHouse, projects, type TestHouse } from '../../test/house.ts'
import { shareBackup } from '../../test/shared-backup.ts'

let house: TestHouse
let backupId: string
let folder: string
before(async () => {
  house = await openHouse()
  backupId = (await shareBackup(house)).backupId
  folder = await mkdtemp(join(tmpdir(), 'opencbr-store-'))
})
after(async () => {
  await house.close()
  await rm(folder, { recursive: true })
})

async function opencbr(...args: readonly string[]) {
  const program = join(import.meta.dirname, '..', '..', 'bin', 'opencbr')
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, complained] = ['', '']
  child.stdout.on('data', (text: Buffer) => {
    said += text
  })
  child.stderr.on('data', (text: Buffer) => {
    complained += text
  })
  await once(child, 'close')
  return { code: child.exitCode, said, complained }
}

/**
 * The data directory as it is at this moment: nothing runs, so that it is that of a service which was killed. Another
 * process copies it: to close one of the catalog's files here would let go of the locks on it.
 */
function copied(name: string): string {
  const copy = join(folder, name)
  execFileSync('cp', ['-r', house.config.dataDir, copy])
  return copy
}

async function filesIn(data: string, part: string): Promise<readonly string[]> {
  const root = join(data, 'store', 'objects', 'realms', projects.alpha, part)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

async function flip(path: string, place: number): Promise<void> {
  await using file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, place)
  await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, place)
}

test('a sound store is found to be so, quickly or chunk by chunk', async () => {
  const data = copied('sound')
  const quick = await opencbr('store', 'check', '--data', data)
  assert.deepEqual([quick.code, quick.complained], [0, ''])
  assert.match(quick.said, new RegExp(`realm ${projects.alpha}: 2 manifests, \\d+ packs, \\d+ chunks\n`))
  assert.match(quick.said, /no damage found\n$/)
  const thorough = await opencbr('store', 'check', '--data', data, '--read')
  assert.equal(thorough.code, 0)
  assert.match(thorough.said, /MiB read/)
})

test('it wants the store for itself, and one that is there', async () => {
  const taken = await opencbr('store', 'check', '--data', house.config.dataDir)
  assert.equal(taken.code, 1)
  assert.match(taken.complained, /^opencbr: .+\n$/)
  const mistyped = await opencbr('store', 'repair', '--data', join(folder, 'soud'))
  assert.deepEqual([mistyped.code, mistyped.complained], [1, `opencbr: ${join(folder, 'soud')} is no data directory\n`])
})

test('damage is told with every backup it touches, and a repair says what is left of it', async () => {
  const data = copied('damaged')
  for (const pack of await filesIn(data, 'packs')) await flip(pack, 5000)
  assert.equal((await opencbr('store', 'check', '--data', data)).code, 0, 'nothing was read')
  const { code, said } = await opencbr('store', 'check', '--data', data, '--read')
  assert.equal(code, 3)
  assert.match(said, /chunk [0-9a-f]{32} in pack [0-9a-f]{32}: .+; needed by /)
  assert.match(said, new RegExp(`damaged backup ${backupId} .*db-01-`))
  const repaired = await opencbr('store', 'repair', '--data', data, '--output', 'json')
  assert.equal(repaired.code, 3)
  const report = JSON.parse(repaired.said)
  assert.deepEqual(
    report.damagedBackups.map(({ backup }: { backup: string }) => backup),
    [backupId],
  )
  for (const pack of await filesIn(data, 'packs')) await flip(pack, 5000)
  const mended = await opencbr('store', 'repair', '--data', data)
  assert.equal(mended.code, 0, mended.said)
  assert.match(mended.said, /[1-9]\d* places trusted again, 0 still damaged/)
})

test('a lost index is made anew; a lost manifest is missed', async () => {
  const data = copied('lost')
  for (const segment of await filesIn(data, 'index')) await rm(segment)
  const { code, said } = await opencbr('store', 'repair', '--data', data)
  assert.equal(code, 0, said)
  assert.match(said, /[1-9]\d* chunks indexed anew/)
  assert.ok((await filesIn(data, 'index')).length > 0)
  const [manifest = ''] = await filesIn(data, 'manifests')
  await rm(manifest)
  const missing = await opencbr('store', 'check', '--data', data)
  assert.equal(missing.code, 3)
  assert.match(missing.said, new RegExp(`damaged backup ${backupId}`))
})

test('a realm whose key is damaged is told, and the others are checked', async () => {
  const data = copied('keyless')
  const key = join(data, 'store', 'objects', 'realms', projects.alpha, 'key')
  await flip(key, 30)
  const { code, said } = await opencbr('store', 'check', '--data', data)
  assert.equal(code, 3)
  assert.match(said, new RegExp(`realm ${projects.alpha}: the key of realm .* is damaged`))
})
