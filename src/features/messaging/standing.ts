import type { Profiles } from '../profiles/index.ts'
import type { Memberships, Standing } from './policy.ts'

/** What one person is to another. Whoever is a member of somebody knows them as well as whoever follows them. */
export async function standingOf({ profiles, memberships }: { profiles: Pick<Profiles, 'isFollowing'>; memberships: Memberships }, who: string, towards: string): Promise<Standing> {
  const [follows, isFollowed, mine, theirs] = await Promise.all([profiles.isFollowing(who, towards), profiles.isFollowing(towards, who), memberships.standing(who, towards), memberships.standing(towards, who)])
  return { follows: follows || mine.rank !== null, isFollowed: isFollowed || theirs.rank !== null, ...mine }
}
