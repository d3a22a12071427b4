import type { Claim } from '../../engine/world/claim.ts';
import { both, type Both } from './both.ts';
import { claimInEnglish } from './claim-words-en.ts';
import { claimInKorean } from './claim-words-ko.ts';

/** What a claim says, in one sentence. */
export function claimWords(claim: Claim): Both {
  return both(claimInEnglish(claim), claimInKorean(claim));
}
