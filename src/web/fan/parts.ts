import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Creator, FollowState } from '../../features/profiles/contract.ts'
import { useAction } from '../kit/parts.ts'

export function Avatar({ creator }: { creator: Pick<Creator, 'name' | 'avatar'> }) {
  return creator.avatar ? html`<img class="avatar" src=${creator.avatar} alt="" loading="lazy" referrerpolicy="no-referrer" />` : html`<span class="avatar" aria-hidden="true">${Array.from(creator.name)[0]}</span>`
}

export function FollowButton({ client, creator, onChange }: { client: Client; creator: Creator; onChange: (state: FollowState) => void }) {
  const [following, setFollowing] = useState(creator.following ?? false)
  useEffect(() => setFollowing(creator.following ?? false), [creator.following])
  const toggle = useAction(async () => {
    const state = await client.call(following ? 'creator:unfollow' : 'creator:follow', { creator_id: creator.id })
    setFollowing(state.following)
    onChange(state)
  })
  return html`<button type="button" class="plain" aria-pressed=${following} disabled=${toggle.busy} title=${toggle.error} onClick=${() => toggle.run()}>${following ? 'Following' : 'Follow'}<span class="hidden"> ${creator.name}</span></button>`
}
