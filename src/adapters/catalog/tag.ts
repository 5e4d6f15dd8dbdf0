import type { Tags } from '../../ports/catalog/tag.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'
import type { StoredTag } from './tables.ts'

const tagTable = table<StoredTag>({ vaultId: 'text', projectId: 'text', key: 'text', value: 'text' })

export function tagsOf(session: Session): Tags {
  const { db, among } = session
  const sorted = () => db.selectFrom('tag').select(['vault_id', 'key', 'value']).orderBy('vault_id').orderBy('key')
  const asTag = (row: { readonly vault_id: string; readonly key: string; readonly value: string }) => ({
    vaultId: row.vault_id,
    key: row.key,
    value: row.value,
  })
  return {
    async put(tags, projectId) {
      // The last value of a key wins; PostgreSQL refuses to touch a row twice in one statement.
      const rows = new Map(tags.map(tag => [`${tag.vaultId} ${tag.key}`, tagTable.toRow({ ...tag, projectId })]))
      if (rows.size === 0) return
      await session.all(
        db
          .insertInto('tag')
          .values([...rows.values()])
          .onConflict(conflict =>
            conflict.columns(['vault_id', 'key']).doUpdateSet(e => ({ value: e.ref('excluded.value') })),
          ),
      )
    },
    async of(vaultIds) {
      return (await session.all(sorted().where(among('vault_id', vaultIds)))).map(asTag)
    },
    async ofProject(projectId) {
      return (await session.all(sorted().where('project_id', '=', projectId))).map(asTag)
    },
    async remove(vaultId, keys) {
      await session.all(db.deleteFrom('tag').where('vault_id', '=', vaultId).where(among('key', keys)))
    },
  }
}
