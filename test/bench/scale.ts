/** Does cost grow with the disk? Sparse disks of 1 to 200 GiB with the same share of data, and exports opened on them. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkFree, makeSparseDisk } from './bench-disks.ts'
import { emptyFolder, opencbr } from './contestants.ts'

export interface SizeCost {
  readonly gib: number
  readonly dataBytes: number
  /** Of the backup alone, in a process that has done a small one before. */
  readonly seconds: number
  readonly peakBytes: number
  /** Nothing changed, and nothing is told: everything is read and hashed again. */
  readonly againSeconds: number
  /** Told that nothing changed. */
  readonly toldSeconds: number
  /** Until the first 4 KiB are read in a new process with everything to load, and then again in the same process. */
  readonly firstByteSeconds: number
  readonly laterByteSeconds: number
}

const GIB = 2 ** 30
const MIB = 2 ** 20
const SIZES = [1, 10, 50, 200]
/** A MiB of data in so many. */
const EVERY = 64

export async function measureScale(folder: string): Promise<readonly SizeCost[]> {
  await checkFree(folder, 10 * GIB)
  const costs: SizeCost[] = []
  for (const gib of SIZES) {
    console.error(`a disk of ${gib} GiB`)
    costs.push(await measureSize(await emptyFolder(join(folder, 'size')), gib))
    await rm(join(folder, 'size'), { recursive: true })
  }
  return costs
}

async function measureSize(folder: string, gib: number): Promise<SizeCost> {
  const disk = join(folder, 'disk.raw')
  const small = join(folder, 'small.raw')
  const dataBytes = await makeSparseDisk({ path: disk, gib, every: EVERY })
  await makeSparseDisk({ path: small, gib: 0.25, every: 8 })
  const repository = await opencbr().open(await emptyFolder(join(folder, 'repository')))
  const before = (id: string) => ({ do: 'backup', id: `small-before-${id}`, disk: small }) as const
  const full = await repository.carryOut([before('full'), { do: 'backup', id: 'full', disk }])
  const again = await repository.carryOut([before('again'), { do: 'backup', id: 'again', disk }])
  const told = await repository.carryOut([
    before('told'),
    { do: 'backup', id: 'told', disk, base: 'full', changed: [] },
  ])
  const middle = Math.floor((gib * 1024) / EVERY / 2) * EVERY * MIB
  const reads = await repository.carryOut([
    { do: 'read', id: 'full', offset: middle },
    { do: 'read', id: 'again', offset: 0 },
  ])
  return {
    gib,
    dataBytes,
    seconds: full.outcomes[1]?.seconds ?? 0,
    peakBytes: full.peakBytes,
    againSeconds: again.outcomes[1]?.seconds ?? 0,
    toldSeconds: told.outcomes[1]?.seconds ?? 0,
    firstByteSeconds: reads.outcomes[0]?.seconds ?? 0,
    laterByteSeconds: reads.outcomes[1]?.seconds ?? 0,
  }
}
