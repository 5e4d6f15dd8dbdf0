/** Byte for byte, whatever the size. */
import { open } from 'node:fs/promises'

/** The offset of the first difference between a stream and a file (that one ends before the other counts), or none. */
export async function firstDifference(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
): Promise<{ readonly compared: number; readonly differsAt?: number }> {
  await using file = await open(path)
  let compared = 0
  for await (const piece of bytes) {
    const other = Buffer.allocUnsafe(piece.length)
    let filled = 0
    while (filled < piece.length) {
      const { bytesRead } = await file.read(other, filled, piece.length - filled, compared + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    if (filled < piece.length || !other.equals(piece))
      return { compared, differsAt: compared + differenceIn(piece, other, filled) }
    compared += piece.length
  }
  return compared === (await file.stat()).size ? { compared } : { compared, differsAt: compared }
}

/** A file's bytes, a mebibyte at a time. */
export async function* bytesOf(path: string): AsyncIterable<Uint8Array> {
  await using file = await open(path)
  for await (const piece of file.createReadStream({ highWaterMark: 1024 ** 2, autoClose: false })) yield piece
}

function differenceIn(one: Uint8Array, other: Uint8Array, filled: number): number {
  const at = one.findIndex((byte, index) => index >= filled || byte !== other[index])
  return at < 0 ? filled : at
}
