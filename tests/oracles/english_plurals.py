"""Writes tests/data/english_plurals.json: nouns that models are named after, each with the plural that inflect gives it."""

import json
import pathlib

import inflect

WORDS = """
access account activity address album alias alumnus amenity analysis answer api appendix application appointment archive
area article artist asset assignment atlas attachment attempt attendee auction audience author axis badge balance bank
banner base basis batch bench bias bill blog body bonus book booking box branch brand bus business buyer cache calendar
calorie campaign campus canvas car card case category cause census century ceremony channel chapter chassis chief child
choice church circus city class clause client clinic clue coach code color comment commodity company condition connection
contact contract cookie copy country county course crisis criterion currency curriculum curve customer database day deal
delivery department depot device diagnosis diary dictionary difference dish district document domain draft driver echo
edition employee energy enquiry entry epoch essay event exam exercise expense factory family faq fee fax field file fish
flash focus foot form formula forum foundry gallery gas genus glass goose grade grass group guess half hash hero
hierarchy history hobby holiday house human hypothesis image index industry inquiry invoice issue item journey judge key
kiss kit knife label language leaf lens library licence license life line link list loaf lobby location log logo lunch
man manufacturer map market match matrix memory menu mess message month moose mouse move movie museum name nationality
news niche note nucleus oasis object offer office opportunity order organisation outbox owner ox page party pass
passenger patch path patient payment penalty permission person phase phenomenon photo piano policy portfolio potato
premise press price prize process product profile property proxy purchase quality query question queue quiz quota radio
radius range ray rebus recipe reference reply repo response review reward role roof room route row safe sale salesman
sandwich scarf schedule schema search selfie series session shelf shoe shop sibling size skill slash species speech
spouse stage state status stimulus stitch stomach store story strategy stress studio subject subsidy summary
supplier surplus survey switch synopsis synthesis table tag tax taxi team tech territory test text thesis thief ticket
tie tomato tool tooth topic toy tree trophy trust type unit university user utility vacancy valley value variety vehicle
vendor verse vertex veto victory video video view virus visit voice vote voucher warehouse warranty wife wiki winery
wish witness wolf woman word workflow workman year zoo
"""


def main() -> None:
    engine = inflect.engine()
    table = [[word, engine.plural_noun(word)] for word in sorted(set(WORDS.split()))]
    lines = ",\n".join(json.dumps(pair) for pair in table)
    path = pathlib.Path(__file__).parent.parent / "data" / "english_plurals.json"
    path.write_text(f"[\n{lines}\n]\n")


main()
