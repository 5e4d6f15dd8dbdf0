/** Ids of what the configuration names without one: the same at every start, different in every project. */

/** This product's own name space: the bytes of d0a5f3f6-6c57-4b0e-9d3c-0d0f4c7b8a11. */
const space = [0xd0, 0xa5, 0xf3, 0xf6, 0x6c, 0x57, 0x4b, 0x0e, 0x9d, 0x3c, 0x0d, 0x0f, 0x4c, 0x7b, 0x8a, 0x11] as const

/** A version 5 UUID (RFC 9562) of the kind and name within the project. */
export async function stableId(projectId: string, kind: 'disk' | 'server', name: string): Promise<string> {
  const named = new TextEncoder().encode(`${projectId}/${kind}/${name}`)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', new Uint8Array([...space, ...named]))).subarray(0, 16)
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
