import type { Import } from '../../contract/opencbr-api.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import { receivedBytes } from './import-rules.ts'

export const asImport = (disk: DiskRecord): Import => ({
  id: disk.id,
  name: disk.name,
  format: disk.format,
  size_bytes: disk.sizeBytes,
  received_bytes: receivedBytes(disk),
  created_at: asTimestamp(disk.createdAt),
})
