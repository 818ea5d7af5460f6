import type { Vault } from '../../platform/vault.ts'
import type { Creator, OwnCreator } from './contract.ts'
import type { ProfileRow } from './model.ts'

export type CreatorPresenter = ReturnType<typeof createCreatorPresenter>

export function createCreatorPresenter({ vault, earningsOf }: { vault: Vault; /** asked only for creators who show them */ earningsOf: (creatorId: string) => Promise<number> }) {
  return Object.freeze({ present, presentOwn })

  async function present(row: ProfileRow): Promise<Creator> {
    return {
      id: row._id,
      handle: row.handle,
      name: row.name,
      bio: row.bio,
      avatar: row.avatar_url,
      tags: row.tags,
      category: row.category ?? null,
      earnings: row.shows_earnings ? await earningsOf(row._id) : null,
      followers: row.followers,
    }
  }

  async function presentOwn(row: ProfileRow): Promise<OwnCreator> {
    return {
      ...(await present(row)),
      earnings: await earningsOf(row._id),
      full_name: row.name,
      bank_account: row.bank_account ? vault.open(row.bank_account, row._id) : null,
      shows_earnings: row.shows_earnings,
      time_zone: row.time_zone ?? 'UTC',
    }
  }
}
