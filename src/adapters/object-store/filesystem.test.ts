import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { openFilesystemObjectStore } from './filesystem.ts'
import { objectStoreSuite } from './suite.ts'

const run = promisify(execFile)
const kind = (wanted: FaultKind) => (error: unknown) => error instanceof Fault && error.kind === wanted
const module = JSON.stringify(new URL('./filesystem.ts', import.meta.url).href)

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'object-store-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

objectStoreSuite('filesystem', async context => openFilesystemObjectStore(join(await folderFor(context), 'store')))

test('objects are there for the next process; only its owner may read them', async context => {
  const folder = await folderFor(context)
  const store = await openFilesystemObjectStore(folder)
  await store.put('a/b', [Buffer.from('kept')])
  await store.close()
  const again = await openFilesystemObjectStore(folder)
  equal((await again.get('a/b')).toString(), 'kept')
  equal((await stat(join(folder, 'objects/a/b'))).mode & 0o777, 0o600)
  equal((await stat(join(folder, 'objects/a'))).mode & 0o777, 0o700)
  await again.close()
})

test('a process killed while it puts leaves whole objects, and a rest that the next start sweeps', async context => {
  const folder = await folderFor(context)
  const script = `const { openFilesystemObjectStore } = await import(${module})
    const store = await openFilesystemObjectStore(${JSON.stringify(folder)})
    for (let at = 0; ; at += 4) await Promise.all([0, 1, 2, 3].map(async one => {
      await store.put('o/' + (at + one), [Buffer.alloc(3_000_000, at + one)])
      process.stdout.write('done ' + (at + one) + '\\n')
    }))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const text of child.stdout) {
    said += text
    if (said.split('\n').length > 12 && child.exitCode === null) child.kill('SIGKILL')
  }
  if (child.signalCode === null) await once(child, 'exit')
  equal(child.signalCode, 'SIGKILL')
  const store = await openFilesystemObjectStore(folder)
  for (const [, number] of said.matchAll(/done (\d+)\n/g))
    deepEqual(await store.get(`o/${number}`), Buffer.alloc(3_000_000, Number(number)))
  for await (const { key, bytes } of store.list('')) equal(bytes, 3_000_000, key)
  await writeFile(join(folder, 'writing', crypto.randomUUID()), 'half of an obj')
  const before = await store.usage('')
  await store.sweepInterrupted(new Date(Date.now() - 3_600_000))
  notEqual((await readdir(join(folder, 'writing'))).length, 0)
  await store.sweepInterrupted(new Date(Date.now() + 1000))
  deepEqual(await readdir(join(folder, 'writing')), [])
  equal(await store.usage(''), before)
  await store.close()
})

test('of several processes exactly one makes a new object', async context => {
  const folder = await folderFor(context)
  const script = `const { openFilesystemObjectStore } = await import(${module})
    const store = await openFilesystemObjectStore(${JSON.stringify(folder)})
    const won = []
    for (let at = 0; at < 30; at++) if (await store.putNew('race/' + at, [Buffer.from(String(process.pid))])) won.push(at)
    console.log(JSON.stringify({ pid: process.pid, won }))`
  const answers = await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])))
  const said = answers.map(({ stdout }) => JSON.parse(stdout) as { pid: number; won: readonly number[] })
  deepEqual(
    said.flatMap(({ won }) => won).sort((a, b) => a - b),
    [...Array(30).keys()],
  )
  const store = await openFilesystemObjectStore(folder)
  for (const { pid, won } of said) for (const at of won) equal((await store.get(`race/${at}`)).toString(), String(pid))
  await store.close()
})

/** Runs `work` in a file system of two megabytes; skips where this user may not mount one. */
async function inTinyFilesystem(context: TestContext, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await folderFor(context)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return context.skip('mounting a tmpfs needs root')
  }
  try {
    await work(folder)
  } finally {
    execFileSync('umount', [folder])
  }
}

test('a full store says so, leaves nothing behind, and goes on when there is room', context =>
  inTinyFilesystem(context, async folder => {
    const store = await openFilesystemObjectStore(join(folder, 'store'))
    await store.put('a', [Buffer.alloc(1_000_000, 1)])
    await rejects(store.put('b', [Buffer.alloc(1_000, 2), Buffer.alloc(1_500_000, 2)]), kind('full'))
    await rejects(store.putNew('c', [Buffer.alloc(1_500_000, 2)]), kind('full'))
    await rejects(store.put('a', [Buffer.alloc(1_500_000, 2)]), kind('full'))
    deepEqual(await Array.fromAsync(store.list('')), [{ key: 'a', bytes: 1_000_000 }])
    deepEqual(await readdir(join(folder, 'store/writing')), [])
    deepEqual(await store.get('a'), Buffer.alloc(1_000_000, 1))
    await store.remove(['a'])
    await store.put('b', [Buffer.alloc(1_500_000, 2)])
    await store.close()
  }))

test('a write that the system cuts short says full, and leaves nothing behind', async context => {
  const folder = await folderFor(context)
  const script = `process.on('SIGXFSZ', () => {})
    const { openFilesystemObjectStore } = await import(${module})
    const store = await openFilesystemObjectStore(${JSON.stringify(folder)})
    await store.put('small', [Buffer.alloc(100_000)])
    await store.put('large', [Buffer.alloc(300_000), Buffer.alloc(5_000_000)]).catch(error => console.log(error.kind))`
  const { stdout } = await run('sh', [
    '-c',
    `ulimit -f 2000; exec "$0" --input-type=module -e "$1"`,
    process.execPath,
    script,
  ])
  equal(stdout.trim(), 'full')
  deepEqual(await readdir(join(folder, 'writing')), [])
  const store = await openFilesystemObjectStore(folder)
  deepEqual(await Array.fromAsync(store.list('')), [{ key: 'small', bytes: 100_000 }])
  await store.close()
})

test('an object cut short outside is corrupt; what others leave in the folder is no object', async context => {
  const folder = await folderFor(context)
  const store = await openFilesystemObjectStore(folder)
  await store.put('a/b', [Buffer.alloc(10_000)])
  await store.getRange('a/b', 0, 10_000)
  await writeFile(join(folder, 'objects/a/b'), 'short')
  await rejects(store.getRange('a/b', 0, 10_000), kind('corrupt'))
  await writeFile(join(folder, 'objects/a/.DS_Store'), '')
  await symlink('/etc', join(folder, 'objects/a/link'))
  await mkdir(join(folder, 'objects/LOST+FOUND'))
  deepEqual(await Array.fromAsync(store.list('')), [{ key: 'a/b', bytes: 5 }])
  await store.close()
})

test('reads of more objects than stay open keep no more files open than they should', async context => {
  const folder = await folderFor(context)
  const store = await openFilesystemObjectStore(folder)
  const keys = Array.from({ length: 80 }, (_, at) => `k/${at}`)
  for (const key of keys) await store.put(key, [Buffer.from(key)])
  for (const key of keys) equal((await store.getRange(key, 0, 2)).toString(), 'k/')
  const open = (await run('sh', ['-c', `ls -l /proc/${process.pid}/fd`])).stdout.split('\n')
  ok(open.filter(line => line.includes(folder)).length <= 32)
  await store.close()
  const closed = (await run('sh', ['-c', `ls -l /proc/${process.pid}/fd`])).stdout
  ok(!closed.includes(folder))
})

test('a folder that cannot be used is a fault', async context => {
  const folder = await folderFor(context)
  await writeFile(join(folder, 'file'), '')
  await rejects(openFilesystemObjectStore(join(folder, 'file')), kind('conflict'))
  await rejects(openFilesystemObjectStore(join(folder, 'file/below')), kind('missing'))
  if (process.getuid?.() === 0) return
  await chmod(folder, 0o500)
  await rejects(openFilesystemObjectStore(join(folder, 'new')), kind('denied'))
})
