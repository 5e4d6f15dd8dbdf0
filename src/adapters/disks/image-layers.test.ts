/** Headers that try to make QEMU read other people's files. Made by hand: no QEMU is needed to see through them. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { type ImageFormat, imageLayers } from './image-layers.ts'

const kind = (wanted: FaultKind, text?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === wanted && (text === undefined || text.test(error.message))

async function folderFor(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'layers-')))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'disks'))
  await mkdir(join(folder, 'others'))
  return folder
}

interface Qcow2 {
  readonly backing?: string
  readonly backingFormat?: string
  readonly version?: number
  readonly features?: bigint
  readonly encryption?: number
}

function qcow2({ backing, backingFormat, version = 3, features = 0n, encryption = 0 }: Qcow2 = {}): Buffer {
  const bytes = Buffer.alloc(65_536)
  bytes.write('QFI\xfb', 0, 'latin1')
  bytes.writeUInt32BE(version, 4)
  bytes.writeUInt32BE(16, 20)
  bytes.writeBigUInt64BE(1n << 30n, 24)
  bytes.writeUInt32BE(encryption, 32)
  if (version === 3) {
    bytes.writeBigUInt64BE(features, 72)
    bytes.writeUInt32BE(104, 100)
  }
  if (backing !== undefined) {
    bytes.writeBigUInt64BE(4096n, 8)
    bytes.writeUInt32BE(bytes.write(backing, 4096), 16)
  }
  if (backingFormat !== undefined) {
    const at = version === 3 ? 104 : 72
    bytes.writeUInt32BE(0xe2792aca, at)
    bytes.writeUInt32BE(bytes.write(backingFormat, at + 8), at + 4)
  }
  return bytes
}

async function layersOf(folder: string, bytes: Uint8Array, format: ImageFormat = 'qcow2', folders: string[] = []) {
  const path = join(folder, 'disks', 'top')
  await writeFile(path, bytes)
  return imageLayers(path, format, folders)
}

test('a chain within the folder is followed, to its end', async t => {
  const folder = await folderFor(t)
  const disks = join(folder, 'disks')
  await writeFile(join(disks, 'base.raw'), 'raw')
  await writeFile(join(disks, 'mid'), qcow2({ backing: join(disks, 'base.raw'), backingFormat: 'raw', version: 2 }))
  const layers = await layersOf(folder, qcow2({ backing: './mid', backingFormat: 'qcow2' }))
  deepEqual(
    layers.map(({ identity: _, ...layer }) => layer),
    [
      { path: join(disks, 'top'), format: 'qcow2', block: false },
      { path: join(disks, 'mid'), format: 'qcow2', block: false },
      { path: join(disks, 'base.raw'), format: 'raw', block: false },
    ],
  )
  equal(new Set(layers.map(({ identity }) => identity)).size, 3)
})

test('a backing file elsewhere is refused, unless its folder is allowed', async t => {
  const folder = await folderFor(t)
  const other = join(folder, 'others', 'secret.raw')
  await writeFile(other, 'secret')
  for (const backing of [other, '../others/secret.raw', '/etc/passwd', `${folder}/disks/../others/secret.raw`])
    await rejects(layersOf(folder, qcow2({ backing, backingFormat: 'raw' })), kind('denied', /none of the folders/))
  const allowed = await layersOf(folder, qcow2({ backing: other, backingFormat: 'raw' }), 'qcow2', [
    join(folder, 'others'),
  ])
  equal(allowed[1]?.path, other)
})

test('links lead nowhere: not a file, and not a folder on the way', async t => {
  const folder = await folderFor(t)
  await writeFile(join(folder, 'others', 'secret.raw'), 'secret')
  await symlink(join(folder, 'others', 'secret.raw'), join(folder, 'disks', 'link.raw'))
  await symlink(join(folder, 'others'), join(folder, 'disks', 'folder'))
  await rejects(layersOf(folder, qcow2({ backing: 'link.raw', backingFormat: 'raw' })), kind('denied', /symbolic link/))
  await rejects(layersOf(folder, qcow2({ backing: 'folder/secret.raw', backingFormat: 'raw' })), kind('denied'))
})

test('names that are no files: QEMU would open a network connection, or anything at all', async t => {
  const folder = await folderFor(t)
  for (const backing of [
    'json:{"driver":"file","filename":"/etc/shadow"}',
    'nbd://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'file:/etc/passwd',
    'fat:rw:/etc',
    'a\0b',
  ])
    await rejects(layersOf(folder, qcow2({ backing, backingFormat: 'raw' })), kind('denied', /no file's name/))
})

test('a backing file whose format nobody says is not guessed', async t => {
  const folder = await folderFor(t)
  await writeFile(join(folder, 'disks', 'base'), qcow2())
  for (const backingFormat of [undefined, 'luks', 'host_device', 'toString'])
    await rejects(
      layersOf(folder, qcow2({ backing: 'base', ...(backingFormat && { backingFormat }) })),
      kind('denied', /of which format/),
    )
})

test('a chain that never ends, ends', async t => {
  const folder = await folderFor(t)
  await rejects(layersOf(folder, qcow2({ backing: 'top', backingFormat: 'qcow2' })), kind('denied', /more than 64/))
})

test('qcow2: external data, encryption, and what is corrupt or of another kind', async t => {
  const folder = await folderFor(t)
  await rejects(layersOf(folder, qcow2({ features: 4n })), kind('denied', /data in another file/))
  await rejects(layersOf(folder, qcow2({ features: 2n })), kind('corrupt', /marked as corrupt/))
  await rejects(layersOf(folder, qcow2({ encryption: 2 })), kind('denied', /encrypted/))
  await rejects(layersOf(folder, qcow2({ version: 9 })), kind('corrupt'))
  for (const length of [0, 3, 4, 50, 71, 103])
    await rejects(layersOf(folder, qcow2().subarray(0, length)), kind('corrupt'))
  await rejects(layersOf(folder, Buffer.alloc(65_536)), kind('corrupt', /no qcow2 image/))
  const outside = qcow2({ backing: 'x', backingFormat: 'raw' })
  outside.writeBigUInt64BE(2n ** 63n, 8)
  await rejects(layersOf(folder, outside), kind('corrupt'))
})

function vmdk(descriptor: string, capacity = 2048n, at = 1n): Buffer {
  const bytes = Buffer.alloc(32 * 512)
  bytes.write('KDMV', 0, 'latin1')
  bytes.writeBigUInt64LE(capacity, 12)
  bytes.writeBigUInt64LE(at, 28)
  bytes.write(descriptor, 512, 'latin1')
  return bytes
}

test('VMDK: only what is one file', async t => {
  const folder = await folderFor(t)
  const good = '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicSparse"\n'
  equal((await layersOf(folder, vmdk(good), 'vmdk')).length, 1)
  equal((await layersOf(folder, vmdk(good.replace('monolithicSparse', 'streamOptimized')), 'vmdk')).length, 1)
  const flat = `${good.replace('monolithicSparse', 'monolithicFlat')}RW 63 FLAT "/etc/shadow" 0\n`
  await rejects(layersOf(folder, Buffer.from(flat), 'vmdk'), kind('denied', /only describes other files/))
  await rejects(layersOf(folder, vmdk(flat), 'vmdk'), kind('denied', /of kind "monolithicflat"/))
  await rejects(layersOf(folder, vmdk(good, 0n), 'vmdk'), kind('denied'), 'QEMU would go by the descriptor alone')
  await rejects(layersOf(folder, vmdk(good, 2048n, 0n), 'vmdk'), kind('denied'))
  await rejects(layersOf(folder, vmdk(good, 2048n, 2n ** 60n), 'vmdk'), kind('denied'))
  const child = `${good.replace('ffffffff', '12345678')}parentFileNameHint="/etc/shadow"\n`
  await rejects(layersOf(folder, vmdk(child), 'vmdk'), kind('denied', /another VMDK/))
  await rejects(layersOf(folder, Buffer.from('KDMV'), 'vmdk'), kind('corrupt'))
})

test('VHD: a differencing one is refused, since its parent would be left out', async t => {
  const folder = await folderFor(t)
  const footer = (type: number) => {
    const bytes = Buffer.alloc(512)
    bytes.write('conectix', 0, 'latin1')
    bytes.writeUInt32BE(type, 60)
    return bytes
  }
  equal((await layersOf(folder, footer(3), 'vpc')).length, 1)
  equal((await layersOf(folder, Buffer.concat([Buffer.alloc(1024), footer(2)]), 'vpc')).length, 1)
  await rejects(layersOf(folder, footer(4), 'vpc'), kind('denied', /another VHD/))
  await rejects(layersOf(folder, footer(0), 'vpc'), kind('corrupt'))
  await rejects(layersOf(folder, Buffer.alloc(5), 'vpc'), kind('corrupt'))
  await rejects(layersOf(folder, Buffer.from('vhdxfil'), 'vhdx'), kind('corrupt'))
})

test('junk behind a right beginning is a Fault, whatever it is', async t => {
  const folder = await folderFor(t)
  const starts: readonly (readonly [ImageFormat, Buffer])[] = [
    ['qcow2', Buffer.from('QFI\xfb\0\0\0\x03', 'latin1')],
    ['qcow2', qcow2({ backing: 'x', backingFormat: 'raw' }).subarray(0, 24)],
    ['vmdk', Buffer.from('KDMV')],
    ['vpc', Buffer.from('conectix')],
  ]
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 2000 }), async ([format, start], rest) => {
      try {
        await layersOf(folder, Buffer.concat([start, rest]), format)
      } catch (error) {
        const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
        if (!(error instanceof Fault) && !missing) throw error
      }
    }),
  )
})
