import { createHash } from 'node:crypto'
import { open, readFile, writeFile } from 'node:fs/promises'
import type { Random } from './random.ts'

const BLOCK = 64 * 1024

/** A disk of random blocks with holes between them. */
export async function makeDisk(path: string, megabytes: number, random: Random): Promise<void> {
  const file = await open(path, 'w')
  await file.truncate(megabytes * 2 ** 20)
  for (let block = 0; block < megabytes * 16; block += 1) {
    if (random.below(3) > 0) await file.write(random.bytes(BLOCK), 0, BLOCK, block * BLOCK)
  }
  await file.close()
}

/** A day's change: a few blocks here and there. */
export async function changeDisk(path: string, random: Random): Promise<void> {
  const file = await open(path, 'r+')
  const blocks = Math.floor((await file.stat()).size / BLOCK)
  for (let change = 0; change < 4; change += 1)
    await file.write(random.bytes(BLOCK), 0, BLOCK, random.below(blocks) * BLOCK)
  await file.sync()
  await file.close()
}

export const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

export const saveConfig = (path: string, config: object): Promise<void> => writeFile(path, JSON.stringify(config))
