import { deepEqual, equal, notDeepEqual, ok, rejects } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { memoryObjectStore } from '../object-store/memory.ts'
import { openKeyFileRing } from './key-file.ts'

const run = promisify(execFile)
const kind = (wanted: FaultKind, text?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === wanted && (text === undefined || text.test(error.message))

async function setting(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'keyring-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return { folder, file: join(folder, 'keys/master.key'), objectStore: memoryObjectStore() }
}

test('makes the master key once, for its owner alone; a realm keeps its keys, and has its own', async context => {
  const { folder, file, objectStore } = await setting(context)
  const ring = await openKeyFileRing({ file, objectStore })
  equal((await stat(file)).mode & 0o777, 0o600)
  deepEqual(await readdir(join(folder, 'keys')), ['master.key'])
  const alpha = await ring.open('alpha')
  equal(alpha.chunkNaming.length, 32)
  equal(alpha.sealing.length, 32)
  notDeepEqual(alpha.chunkNaming, alpha.sealing)
  const beta = await ring.open('beta')
  notDeepEqual(beta.sealing, alpha.sealing)
  deepEqual(await (await openKeyFileRing({ file, objectStore })).open('alpha'), alpha)
})

test('keys lie in the store wrapped: nothing of them can be read there', async context => {
  const { file, objectStore } = await setting(context)
  const { sealing, chunkNaming } = await (await openKeyFileRing({ file, objectStore })).open('alpha')
  for await (const { key } of objectStore.list('')) {
    const object = await objectStore.get(key)
    for (const secret of [sealing, chunkNaming]) equal(object.indexOf(secret), -1, key)
  }
})

test('concurrent first calls agree, over several keyrings too', async context => {
  const { file, objectStore } = await setting(context)
  const rings = await Promise.all([1, 2, 3].map(() => openKeyFileRing({ file, objectStore })))
  const keys = await Promise.all([...rings, ...rings].map(ring => ring.open('alpha')))
  for (const key of keys) deepEqual(key, keys[0])
})

test('several processes at their first start agree on the master key, and on a realm', async context => {
  const { folder, file } = await setting(context)
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  const script = `const { openKeyFileRing } = await import(${module('./key-file.ts')})
    const { openFilesystemObjectStore } = await import(${module('../object-store/filesystem.ts')})
    const objectStore = await openFilesystemObjectStore(${JSON.stringify(join(folder, 'store'))})
    const ring = await openKeyFileRing({ file: ${JSON.stringify(file)}, objectStore })
    console.log(Buffer.from((await ring.open('alpha')).sealing).toString('hex'))`
  const said = await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])))
  equal(said[0]?.stdout.length, 65)
  equal(new Set(said.map(({ stdout }) => stdout)).size, 1)
})

test('another master key, or none where there was one, is denied in words', async context => {
  const { file, objectStore } = await setting(context)
  await (await openKeyFileRing({ file, objectStore })).open('alpha')
  await rejects(openKeyFileRing({ file: `${file}.none`, objectStore }), kind('denied', /put it back/))
  await openKeyFileRing({ file: `${file}.other`, objectStore: memoryObjectStore() })
  await rejects(openKeyFileRing({ file: `${file}.other`, objectStore }), kind('denied', /not the one/))
  await rejects(stat(`${file}.none`), { code: 'ENOENT' })
})

test('a damaged realm key, or that of another realm, is corrupt', async context => {
  const { file, objectStore } = await setting(context)
  const ring = await openKeyFileRing({ file, objectStore })
  await ring.open('alpha')
  const object = await objectStore.get('realms/alpha/key')
  await objectStore.put('realms/beta/key', [object])
  await rejects(ring.open('beta'), kind('corrupt', /beta/))
  for (const at of [0, 9, 30, object.length - 1]) {
    const damaged = Buffer.from(object)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    await objectStore.put('realms/beta/key', [damaged])
    await rejects(ring.open('beta'), kind('corrupt'))
  }
  await objectStore.put('realms/beta/key', [object.subarray(1)])
  await rejects(ring.open('beta'), kind('corrupt'))
  await objectStore.remove(['realms/beta/key'])
  await ring.open('beta')
})

test('destroyed keys are gone; a realm of the same name begins anew', async context => {
  const { file, objectStore } = await setting(context)
  const ring = await openKeyFileRing({ file, objectStore })
  const before = await ring.open('alpha')
  await ring.destroy('alpha')
  await ring.destroy('alpha')
  await rejects(objectStore.get('realms/alpha/key'), kind('missing'))
  notDeepEqual((await ring.open('alpha')).sealing, before.sealing)
})

test('a name that is no realm reaches nothing', async context => {
  const { file, objectStore } = await setting(context)
  const ring = await openKeyFileRing({ file, objectStore })
  for (const realm of ['', '..', '.', 'a/b', '../x', 'A', 'a b', 'a'.repeat(101)]) {
    await rejects(async () => ring.open(realm), RangeError, realm)
    await rejects(async () => ring.destroy(realm), RangeError, realm)
  }
})

test('a passphrase protects the file, from the environment, a file or a command', async context => {
  const { folder, file, objectStore } = await setting(context)
  await writeFile(join(folder, 'words'), 'correct horse\n')
  process.env.KEYRING_TEST_PASSPHRASE = 'correct horse'
  context.after(() => delete process.env.KEYRING_TEST_PASSPHRASE)
  const first = await openKeyFileRing({ file, objectStore, passphrase: { text: 'correct horse' } })
  const keys = await first.open('alpha')
  ok(!(await readFile(file, 'utf8')).includes('"key"'))
  for (const passphrase of [
    { env: 'KEYRING_TEST_PASSPHRASE' },
    { file: join(folder, 'words') },
    { command: ['printf', '%s\\n', 'correct horse'] },
  ] as const)
    deepEqual(await (await openKeyFileRing({ file, objectStore, passphrase })).open('alpha'), keys)
  const open = (passphrase: { text: string } | undefined) =>
    openKeyFileRing({ file, objectStore, ...(passphrase && { passphrase }) })
  await rejects(open({ text: 'wrong' }), kind('denied', /passphrase does not open/))
  await rejects(open(undefined), kind('denied', /none is configured/))
})

test('a passphrase that cannot be had is denied, and its command keeps its secrets', async context => {
  const { file, objectStore } = await setting(context)
  for (const [passphrase, what] of [
    [{ env: 'KEYRING_TEST_NOT_SET' }, 'denied'],
    [{ text: '\n' }, 'denied'],
    [{ file: `${file}.none` }, 'missing'],
    [{ command: ['false'] }, 'denied'],
    [{ command: ['sh', '-c', 'echo s3cret; exit 3'] }, 'denied'],
    [{ command: ['no-such-program-here'] }, 'denied'],
  ] as const)
    await rejects(openKeyFileRing({ file, objectStore, passphrase }), (error: unknown) => {
      return kind(what)(error) && !JSON.stringify([error, String(error)]).includes('s3cret')
    })
})

test('a passphrase given for a bare file is put on it, and the key stays', async context => {
  const { file, objectStore } = await setting(context)
  const keys = await (await openKeyFileRing({ file, objectStore })).open('alpha')
  const bare = JSON.parse(await readFile(file, 'utf8'))
  const ring = await openKeyFileRing({ file, objectStore, passphrase: { text: 'new words' } })
  deepEqual(await ring.open('alpha'), keys)
  ok(!(await readFile(file, 'utf8')).includes(bare.key))
  equal((await stat(file)).mode & 0o777, 0o600)
  await rejects(openKeyFileRing({ file, objectStore }), kind('denied'))
})

test('a file that is no key file is corrupt, and stays as it is', async context => {
  const { file, objectStore } = await setting(context)
  await openKeyFileRing({ file, objectStore })
  const sound = JSON.parse(await readFile(file, 'utf8'))
  const huge = { n: 2 ** 40, r: 8, p: 1, salt: 'AAAAAAAAAAAAAAAAAAAAAA==', nonce: 'AAAAAAAAAAAAAAAA' }
  const wrapped = { ...sound, protection: 'passphrase', kdf: 'scrypt', sealed: Buffer.alloc(48).toString('base64') }
  for (const found of [
    '',
    'null',
    '{',
    '[]',
    JSON.stringify({ ...sound, format: 'x' }),
    JSON.stringify({ ...sound, version: 2 }),
    JSON.stringify({ ...sound, key: 'short' }),
    JSON.stringify({ ...sound, protection: 'other' }),
    JSON.stringify({ ...wrapped, ...huge }),
  ]) {
    await writeFile(file, found)
    await rejects(openKeyFileRing({ file, objectStore, passphrase: { text: 'x' } }), kind('corrupt'), found)
    equal(await readFile(file, 'utf8'), found)
  }
})

test('opens what docs/keys.md describes: fixed vectors, computed by another program', async context => {
  const { folder, objectStore } = await setting(context)
  const file = join(folder, 'given.key')
  const realm = '0605767b5780d5762fc5c0118072a564'
  const sealed =
    '4f4342524b455931a5a5a5a5a5a5a5a5a5a5a5a5a1c61e23b619ae0ea025296924aef9aa1d8b25c477c4d7d6dece1de2b8da6d04561ef61a6e' +
    'a30e2f7e6691f580ee94c815e3dbd469f899d7296bf1474406069ab3980ce3064aa02f85c99f5185083154'
  await objectStore.put('keyring/master', [Buffer.from('f0333c8e46c072fd4cfa51f1f3ef2a4b', 'hex')])
  await objectStore.put(`realms/${realm}/key`, [Buffer.from(sealed, 'hex')])
  const begin = { format: 'opencbr-master-key', version: 1 }
  const bare = { ...begin, protection: 'none', key: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' }
  const wrapped = {
    ...begin,
    protection: 'passphrase',
    kdf: 'scrypt',
    n: 16384,
    r: 8,
    p: 1,
    salt: 'EREREREREREREREREREREQ==',
    nonce: 'paWlpaWlpaWlpaWl',
    sealed: 'xz8lzzAckI/iZ9cLtP9htPDQoRRbHsdud1CF4gxZgOFGL6iZd1X0qT8oU5C5eVSb',
  }
  for (const [content, passphrase] of [
    [bare, undefined],
    [wrapped, { text: 'correct horse' }],
  ] as const) {
    await writeFile(file, JSON.stringify(content))
    const keys = await (await openKeyFileRing({ file, objectStore, ...(passphrase && { passphrase }) })).open(realm)
    deepEqual(
      Buffer.concat([keys.chunkNaming, keys.sealing]),
      Buffer.from(Array.from({ length: 64 }, (_, at) => 0x80 + at)),
    )
  }
})
