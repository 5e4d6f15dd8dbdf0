import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { onDisk } from './files.ts'
import type { Environment } from './session-file.ts'

/** A private cloud's own authority is trusted beside the public ones: OpenStack's clients read the variable too. */
export async function trustAuthority({ OS_CACERT }: Environment): Promise<void> {
  if (!OS_CACERT) return
  const certificate = await onDisk(() => readFile(OS_CACERT, 'utf8'))
  setDefaultCACertificates([...getCACertificates('default'), certificate])
}
