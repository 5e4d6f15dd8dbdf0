import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from './errors.ts'
import { orderOf, pageOf } from './paging.ts'

const keys = ['created_at', 'name', 'id'] as const

test('a page has defaults, a cap, and a marker only where one is given', () => {
  assert.deepEqual(pageOf({}), { limit: 1000, offset: 0 })
  assert.deepEqual(pageOf({ limit: 70, offset: 3, marker: 'x' }, 50), { limit: 50, offset: 3, after: 'x' })
})

test('sorting is newest first unless said otherwise, and descending unless said otherwise', () => {
  assert.deepEqual(orderOf(undefined, keys), [{ key: 'created_at', descending: true }])
  assert.deepEqual(orderOf('name:asc, id', keys), [
    { key: 'name', descending: false },
    { key: 'id', descending: true },
  ])
})

test('an unknown key, an unknown direction and a value too long are 9900', () => {
  for (const sort of ['size', 'name:up', 'name:asc:asc', '', 'name,', 'name:asc,'.repeat(40)])
    assert.throws(
      () => orderOf(sort, keys),
      error => error instanceof Refusal && error.code === '9900',
      sort,
    )
})
