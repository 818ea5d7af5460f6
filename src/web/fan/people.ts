import { html } from 'htm/preact'
import type { FollowedCreator, ShunnedUser } from '../../features/profiles/contract.ts'
import type { Page } from '../../kernel/page.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Trouble, useAction, When } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

/** Whom one follows, and whom one keeps away. */
export function PeopleView({ client }: ViewProps) {
  const following = useList((cursor) => client.call('following:list', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  const unfollow = useAction(async (creator_id: string) => {
    await client.call('creator:unfollow', { creator_id })
    following.change((all) => all.filter((each) => each.creator_id !== creator_id))
  })
  return html`
    <section class="card wide" aria-labelledby="following-title">
      <h1 id="following-title">You follow</h1>
      <${List} of=${following} empty=${html`Nobody yet. <a href=${hrefOf('creators')}>Find a creator</a>.`}>${(each: FollowedCreator) => html`
        <li key=${each.creator_id}><span><a href=${hrefOf('creator', `@${each.handle}`)}>${each.name}</a> <span class="soft">since <${When} at=${each.followed_at} /></span></span><button type="button" class="plain" disabled=${unfollow.busy} onClick=${() => unfollow.run(each.creator_id)}>Unfollow<span class="hidden"> ${each.name}</span></button></li>`}<//>
      ${unfollow.error && html`<${Trouble} text=${unfollow.error} />`}
    </section>
    <${Shunned} title="Blocked" why="Neither of you can follow or tip the other." undo="Unblock"
      load=${(cursor: string | undefined) => client.call('block:list', { limit: 20, ...(cursor ? { cursor } : {}) })} lift=${(user_id: string) => client.call('user:unblock', { user_id })} />
    <${Shunned} title="Muted" why="Their messages are not shown to you." undo="Unmute"
      load=${(cursor: string | undefined) => client.call('mute:list', { limit: 20, ...(cursor ? { cursor } : {}) })} lift=${(user_id: string) => client.call('user:unmute', { user_id })} />
  `
}

function Shunned({ title, why, undo, load, lift }: { title: string; why: string; undo: string; load: (cursor: string | undefined) => Promise<Page<ShunnedUser>>; lift: (userId: string) => Promise<unknown> }) {
  const people = useList(load, [])
  const act = useAction(async (userId: string) => {
    await lift(userId)
    people.change((all) => all.filter((each) => each.user_id !== userId))
  })
  return html`
    <section class="card" aria-label=${title}>
      <h2>${title}</h2><p class="soft">${why}</p>
      <${List} of=${people} empty="Nobody.">${(each: ShunnedUser) => html`<li key=${each.user_id}><span>${each.name}</span><button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run(each.user_id)}>${undo}<span class="hidden"> ${each.name}</span></button></li>`}<//>
      ${act.error && html`<${Trouble} text=${act.error} />`}
    </section>
  `
}
