/** HTTP status of success per operation (semantics 1.2); clients take exactly these (client-notes 4.1). */
import type { OperationId } from './operations.gen.ts'

const others: Readonly<Partial<Record<OperationId, number>>> = {
  RestoreBackup: 202,
  DeleteVault: 204,
  DeleteBackup: 204,
  DeleteMember: 204,
  DeletePolicy: 204,
  DeleteOrganizationPolicy: 204,
  DeleteVaultTag: 204,
  CreateVaultTags: 204,
  BatchCreateAndDeleteVaultTags: 204,
}

export const successStatus = (operation: OperationId): number => others[operation] ?? 200
