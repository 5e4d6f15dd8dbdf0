/**
 * `npm run bench:data -- --peers`: OpenCBR, kopia and restic back the same disks up in turn, round after round, on a warm
 * page cache, encrypted and synced to disk. Ratios are taken within a round, since a machine drifts; what is told is
 * their median.
 *
 *   SIZE_MIB of files on the disk (4096)   ROUNDS (3)   BENCH_FOLDER scratch space (the system's)
 *   PARTS of it: peers,settings (others of kopia),scale,index (all)   MOST_CHUNKS in the index (100000000)
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emptyFolder } from './contestants.ts'
import { measureIndex } from './index-scale.ts'
import { measurePeers } from './peer-rounds.ts'
import { reportIndex, reportPeers, reportScale } from './peers-report.ts'
import { measureScale } from './scale.ts'

export async function comparePeers(): Promise<void> {
  const parts = (process.env.PARTS ?? 'peers,settings,scale,index').split(',')
  const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? tmpdir(), 'opencbr-peers-'))
  try {
    if (parts.includes('peers')) {
      const size = Number(process.env.SIZE_MIB ?? 4096)
      const rounds = Number(process.env.ROUNDS ?? 3)
      const settings = parts.includes('settings')
      reportPeers(await measurePeers({ folder: await emptyFolder(join(folder, 'peers')), size, rounds, settings }))
    }
    await rm(join(folder, 'peers'), { recursive: true, force: true })
    if (parts.includes('scale')) reportScale(await measureScale(await emptyFolder(join(folder, 'scale'))))
    await rm(join(folder, 'scale'), { recursive: true, force: true })
    const most = Number(process.env.MOST_CHUNKS ?? 1e8)
    if (parts.includes('index')) reportIndex(await measureIndex(await emptyFolder(join(folder, 'index')), most))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
