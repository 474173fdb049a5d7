"""Scenes that show Plutchik's eight emotions and name none, written by hand for tests, and a writer who knows them."""

from typing import Any

SCENARIOS = {"platform": "a platform where a train is about to leave", "kitchen": "a kitchen at night"}
SHOWN: dict[str, dict[str, tuple[str, str]]] = {
    "joy": {
        "platform": (
            "The doors opened and her brother stepped down, two years early. She dropped both bags and ran along "
            "the train.",
            "The guard waved her through although the gate had shut. She hummed all the way to her seat by the window.",
        ),
        "kitchen": (
            "He read the letter twice, then danced the cat around the table in his socks until the neighbours knocked.",
            "The bread had risen at last. He cut a slice while it steamed and ate it standing, tapping his foot.",
        ),
    },
    "trust": {
        "platform": (
            "She handed the stranger her purse, her papers and the baby, and went to find the ticket office without "
            "looking back.",
            "He told her which track it was. She put the timetable away unread and followed him down the steps.",
        ),
        "kitchen": (
            "Her grandmother said the mushrooms were the good ones. She took the biggest and ate it whole.",
            "He left the spare key on the table with no note, and went up to bed while she was still cooking.",
        ),
    },
    "fear": {
        "platform": (
            "The footsteps behind her stopped whenever she stopped. She walked faster towards the only lamp "
            "that was lit.",
            "He stood well back from the edge with one hand on the rail, and counted each carriage as it came past.",
        ),
        "kitchen": (
            "The handle of the back door moved down by itself. He held his breath and reached for the bread knife.",
            "She switched every light on before she went down, and looked behind the pantry curtain a second time.",
        ),
    },
    "surprise": {
        "platform": (
            "The man on the opposite bench took off his hat, and it was her own father, whom they had buried in May.",
            "She looked up at the board, then at her watch, then at the board again. The five forty was "
            "running on time.",
        ),
        "kitchen": (
            "He opened the oven to put the plates in. A live goose looked out at him and stepped onto the floor.",
            "She lifted the lid and stopped with her hand in the air: somebody had already eaten half of the cake.",
        ),
    },
    "sadness": {
        "platform": (
            "The last carriage went round the bend. She stayed on the bench with his scarf in her lap until "
            "they locked up.",
            "He bought two coffees out of habit, and poured the second one slowly between the rails.",
        ),
        "kitchen": (
            "She set three plates, looked at them, and put one back in the cupboard. Nobody had sat in that "
            "chair since March.",
            "He washed the small cup with the rabbit on it and dried it for a long time before he put it away.",
        ),
    },
    "disgust": {
        "platform": (
            "Something warm ran from the seat into her shoe. She held her nose shut and scraped her heel on the kerb.",
            "He lifted the lid of the bin with one finger, turned his head aside and let it fall again.",
        ),
        "kitchen": (
            "White grubs moved in the rice. He spat into the sink, rinsed his mouth and spat again.",
            "She pushed the grey meat to the edge of the plate with her fork and asked for the window to be opened.",
        ),
    },
    "anger": {
        "platform": (
            "He kicked the machine until the glass broke, and threw the coins after the train that had left "
            "without him.",
            "She crossed out the name on the form so hard that the pen went through, and pushed it back under "
            "the screen.",
        ),
        "kitchen": (
            "She swept his dinner off the table with her arm, plate and all, and pointed at the door.",
            "He shut each drawer a little louder than the last, and answered everything with one word.",
        ),
    },
    "anticipation": {
        "platform": (
            "She was there an hour before the train was due, in her new coat, walking up and down and "
            "checking the clock.",
            "He had packed on Tuesday for Friday, and moved the ticket from one pocket to the other once more.",
        ),
        "kitchen": (
            "Nine candles stood on the counter. He sat on the stairs in the dark, listening for the key in the lock.",
            "She laid out flour, eggs and the tin the evening before, and set the alarm for five.",
        ),
    },
    "physical effort": {
        "platform": ("He dragged the trunk up forty steps, one at a time, and his arms shook when he let go.",) * 2,
        "kitchen": (
            "She worked the dough for half an hour, leaning on it with her whole weight, and her back was wet.",
        )
        * 2,
    },
    "hunger": {
        "platform": ("She had eaten nothing since noon the day before, and looked at every paper bag that went by.",)
        * 2,
        "kitchen": ("He scraped the pan with a spoon and then with his finger, and opened the empty tin once more.",)
        * 2,
    },
    "tiredness": {
        "platform": ("His chin sank onto his chest, came up, and sank again; twice he missed the call for his train.",)
        * 2,
        "kitchen": ("She stood with her forehead on the cool door of the cupboard until the kettle had boiled.",) * 2,
    },
    "cold": {
        "platform": (
            "He stamped his feet, blew into his hands and pulled the collar up to his ears as the wind came through.",
        )
        * 2,
        "kitchen": ("The boiler was out. She kept her coat on, and held the mug with both sleeves pulled down.",) * 2,
    },
}
"""By what they show and where: of strong and of moderate intensity."""
ORDINARY = """The bag stood on the left and the coat on the right. At ten past six somebody moved the chair to the wall
and read the second page of the paper. The cup was on the shelf beside the other cups, and the floor had been swept in
the morning. A van went past, and later a second one. The lamp was switched on at seven."""


def control(number: int, words: int) -> str:
    """Ordinary words, so many, beginning somewhere else for each number."""
    ordinary = ORDINARY.split()
    start = number * 5 % len(ordinary)
    return " ".join((ordinary[start:] + ordinary)[:words])


def lines() -> list[list[Any]]:
    """What a parrot says where it is asked for a control of one of these scenes, or for the scene itself."""
    controls, scenes = list[Any](), list[Any]()
    for shows, places in SHOWN.items():
        for place, (strong, moderate) in places.items():
            for strength, text in (("strong", strong), ("moderate", moderate)):
                controls.append([[text], control(len(controls), len(text.split()))])
                scenes.append([[f"\n{shows}\n", SCENARIOS[place], f"\n{strength}\n"], text])
    return controls + scenes
