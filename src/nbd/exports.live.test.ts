/**
 * Exports with the clients that people use.
 * Needs programs: qemu-img qemu-io qemu-system-x86_64 nbdinfo nbdcopy nbdfuse debugfs
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { openHouse, type Person, projects, type TestHouse } from '../../test/house.ts'
import { shareBackup, until } from '../../test/shared-backup.ts'
import { connectNbd } from '../adapters/disks/nbd-client.ts'
import { nbdAddress } from '../adapters/disks/nbd-uri.ts'
import { selfSigned } from './self-signed.ts'

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`
const run = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { env: { ...process.env, PATH }, maxBuffer: 2 ** 26 })).stdout

async function begun(house: TestHouse, by: Person, backupId: string, more: object = {}) {
  const path = `/opencbr/v1/{project_id}/backups/${backupId}/exports`
  const { status, body } = await house.call(by, 'POST', path, { listen: 'unix', ...more })
  assert.equal(status, 201, JSON.stringify(body))
  return body.export
}

test('nbdinfo, nbdcopy and qemu-img see the disk, and its holes', async () => {
  await using house = await openHouse({ diskBytes: 8 * 2 ** 20 })
  await truncate(house.diskFiles[0], 3 * 2 ** 20)
  await truncate(house.diskFiles[0], 8 * 2 ** 20)
  const { disks } = await shareBackup(house)
  const { uri } = await begun(house, 'bob', disks[0])
  const about = JSON.parse(await run('nbdinfo', '--json', uri)).exports[0]
  assert.deepEqual(
    [about['export-size'], about.is_read_only, about.can_multi_conn, about.contexts],
    [8 * 2 ** 20, true, true, ['base:allocation']],
  )
  const map = JSON.parse(await run('nbdinfo', '--json', '--map', uri))
  assert.deepEqual(
    map.map(({ offset, length, type }: { offset: number; length: number; type: number }) => [offset, length, type]),
    [
      [0, 3 * 2 ** 20, 0],
      [3 * 2 ** 20, 5 * 2 ** 20, 3],
    ],
  )
  assert.match(await run('nbdinfo', '--list', uri), new RegExp(disks[0]))
  const copy = join(house.folder, 'copy.raw')
  await run('nbdcopy', '--connections=4', uri, copy)
  assert.ok((await readFile(copy)).equals(await readFile(house.diskFiles[0])))
  const qcow2 = join(house.folder, 'copy.qcow2')
  await run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', uri, qcow2)
  await run('qemu-img', 'compare', '-f', 'qcow2', '-F', 'raw', qcow2, house.diskFiles[0])
})

test('over TLS: a client that trusts the certificate gets in, no other', async () => {
  await using house = await openHouse()
  const { disks } = await shareBackup(house)
  const { uri, certificate, name } = await begun(house, 'bob', disks[1], { listen: 'tcp', overlay: true })
  const trust = join(house.folder, 'trust')
  await mkdir(trust)
  await writeFile(join(trust, 'ca-cert.pem'), certificate)
  const trusting = (of: string) => `${of}?tls-certificates=${encodeURIComponent(trust)}`
  const copy = join(house.folder, 'copy.raw')
  await run('nbdcopy', trusting(uri), copy)
  assert.ok((await readFile(copy)).equals(await readFile(house.diskFiles[1])))
  const other = join(house.folder, 'other')
  await mkdir(other)
  await writeFile(join(other, 'ca-cert.pem'), selfSigned('127.0.0.1', new Date()).certificate)
  await assert.rejects(run('nbdinfo', `${uri}?tls-certificates=${encodeURIComponent(other)}`), /certificate/)
  await assert.rejects(run('nbdinfo', uri.replace('nbds:', 'nbd:')), /server replied with error/)
  await assert.rejects(run('nbdinfo', trusting(uri.replace(/.{8}$/, 'xxxxxxxx'))), /No such file/)
  await assert.rejects(run('nbdinfo', '--list', trusting(uri)), /server replied with error/)
  const { port, hostname } = new URL(uri.replace('nbds:', 'http:'))
  const image = `driver=nbd,host=${hostname},port=${port},export=${name},tls-creds=tls0`
  const write = ['-c', 'write -P 7 1000 70000', '-c', 'read -P 7 1000 70000', '-c', 'write -z 1M 512k', '-c', 'flush']
  const credentials = `tls-creds-x509,id=tls0,dir=${trust},endpoint=client`
  await run('qemu-io', '--object', credentials, '--image-opts', image, ...write, '-c', 'read -P 0 1M 512k')
  await run('qemu-io', '--object', credentials, '--image-opts', image, '-c', 'read -P 7 1000 70000')
})

/** Writes a copy of itself to the second sector, and says so on the serial port. */
function bootSector(words: string): Buffer {
  const code = Buffer.from(
    '31c08ed88ec0' + // the segments are 0
      'b80103bb007cb90200ba8000cd13' + // int 13h: write the sector at 7c00 to sector 2
      'be267cac84c07406baf803eeebf5' + // out of the serial port, up to a zero
      'f4ebfd', // halt
    'hex',
  )
  const sector = Buffer.alloc(512)
  code.copy(sector)
  sector.write(`${words}\0`, 0x26)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

function boot(t: TestContext, drive: string): Promise<string> {
  const args = ['-machine', 'pc,accel=tcg', '-m', '32', '-display', 'none', '-serial', 'stdio', '-monitor', 'none']
  const machine = spawn('qemu-system-x86_64', [...args, '-nic', 'none', '-drive', drive])
  t.after(() => machine.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (text: unknown) => {
      said += String(text)
      if (said.includes('!')) resolve(said)
    }
    machine.stdout.on('data', listen)
    machine.stderr.on('data', listen)
    machine.once('close', () => reject(new Error(`the machine ended: ${said}`)))
  })
}

test('a machine boots from a shared backup, and from an overlay that it writes to', async t => {
  await using house = await openHouse()
  const sector = bootSector('up and running!')
  {
    await using disk = await open(house.diskFiles[0], 'r+')
    await disk.write(sector, 0, 512, 0)
  }
  const { disks } = await shareBackup(house)
  const plain = await begun(house, 'bob', disks[0])
  assert.match(await boot(t, `file=${plain.uri},format=raw,if=virtio,readonly=on`), /up and running!/)
  const overlay = await begun(house, 'bob', disks[0], { overlay: true })
  assert.match(await boot(t, `file=${overlay.uri},format=raw,if=virtio`), /up and running!/)
  const second = async (uri: string) => {
    await using client = await connectNbd(nbdAddress(uri))
    const bytes = Buffer.alloc(512)
    await client.read(bytes, 512)
    return bytes
  }
  assert.deepEqual(await second(overlay.uri), sector, 'the machine has written')
  assert.notDeepEqual(await second(plain.uri), sector, 'not to the backup')
})

test('a file system of a backup is mounted without a restore', async t => {
  await using house = await openHouse({ diskBytes: 64 * 2 ** 20 })
  const source = join(house.folder, 'source')
  await mkdir(join(source, 'etc'), { recursive: true })
  const secret = randomBytes(3_000_000)
  await writeFile(join(source, 'etc', 'data'), secret)
  await run('mkfs.ext4', '-q', '-F', '-d', source, house.diskFiles[0])
  const { disks } = await shareBackup(house)
  const { uri } = await begun(house, 'bob', disks[0], { overlay: true })
  const [file, folder, found] = ['fuse.img', 'mnt', 'found'].map(name => join(house.folder, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(file, '')
  await mkdir(folder)
  const usable = await access('/dev/fuse').then(
    () => process.getuid?.() === 0,
    () => false,
  )
  if (!usable) return t.skip('no /dev/fuse, or not root')
  const fuse = spawn('nbdfuse', [file, uri], { stdio: 'ignore' })
  const gone = new Promise(resolve => fuse.once('close', resolve))
  try {
    await until(async () => ((await readFile(file).catch(() => Buffer.alloc(0))).length > 0 ? true : undefined))
    await run('debugfs', '-R', `dump /etc/data ${found}`, file)
    assert.ok((await readFile(found)).equals(secret))
    const mounted = await run('mount', '-o', 'loop', file, folder).then(
      () => true,
      () => false,
    )
    if (!mounted) return t.diagnostic('no loop devices here: read by debugfs alone')
    try {
      assert.ok((await readFile(join(folder, 'etc', 'data'))).equals(secret))
      await writeFile(join(folder, 'written'), secret)
      await run('sync', '-f', folder)
    } finally {
      await run('umount', folder)
    }
    await run('debugfs', '-R', `dump /written ${found}`, file)
    assert.ok((await readFile(found)).equals(secret))
  } finally {
    await run('umount', file)
    await gone
  }
})

test('a qcow2 download is what qemu-img takes for one, as small as its data', async () => {
  await using house = await openHouse({ diskBytes: 4 * 2 ** 20 })
  // Not a whole number of clusters, and more than one table's region.
  await truncate(house.diskFiles[0], 20 * 2 ** 30 + 1024)
  const { disks } = await shareBackup(house)
  const response = await fetch(`${house.url}/opencbr/v1/${projects.beta}/backups/${disks[0]}/disk?format=qcow2`, {
    headers: { 'x-auth-token': await house.tokenOf('bob') },
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.equal(response.headers.get('content-length'), String(bytes.length))
  assert.ok(bytes.length < 8 * 2 ** 20)
  const file = join(house.folder, 'download.qcow2')
  await writeFile(file, bytes)
  await run('qemu-img', 'check', '-f', 'qcow2', file)
  await run('qemu-img', 'compare', '-f', 'qcow2', '-F', 'raw', file, house.diskFiles[0])
})

test('the first bytes of a terabyte are there at once', async t => {
  await using house = await openHouse()
  await truncate(house.diskFiles[0], 2 ** 40)
  {
    await using disk = await open(house.diskFiles[0], 'r+')
    await disk.write(Buffer.from('the end'), 0, 7, 2 ** 40 - 7)
  }
  const { disks } = await shareBackup(house)
  const times: number[] = []
  for (let tries = 0; tries < 5; tries += 1) {
    const began = performance.now()
    const { uri } = await begun(house, 'bob', disks[0])
    await using client = await connectNbd(nbdAddress(uri))
    const bytes = Buffer.alloc(7)
    await client.read(bytes, 2 ** 40 - 7)
    times.push(performance.now() - began)
    assert.equal(bytes.toString(), 'the end')
  }
  t.diagnostic(`first bytes after ${times.map(Math.round).join(', ')} ms`)
  assert.ok(Math.min(...times) < 300)
})
