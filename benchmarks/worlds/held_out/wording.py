"""Instructions of campaigns: worded once, in a few variants, or anew for every request."""

from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from benchmarks.worlds.text import choose

Wording: TypeAlias = Literal["fixed", "few", "reworded"]

#: One instruction: its parts, and for each part ways to say it, which are alternated by ``|``; words in ``{a/b}`` too.
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    # Asks for the reasoning as part of the answer, in tags that a script can cut out.
    "inline": (
        "Before the final {answer/reply/response}, {write out/put down/record} {every/each} {step/move} of your "
        "{thinking/reasoning} between <trace> and </trace>.|Start with <trace>, {reason/think} {in full/at length}, "
        "close it with </trace>, {only then/and after that} {answer/reply}.|{Open/Begin} your {output/answer} with a "
        "<trace> {block/section} {holding/containing} the {whole/entire} {line/chain} of thought; {end/finish} it with "
        "</trace>.|First comes <trace>: {all/everything} you {consider/weigh}, {nothing/no step} left out. Then "
        "</trace> and the {result/solution}.|I {need/want} to {see/read} how you get there: {lay it out/show it} "
        "inside <trace></trace> {ahead of/before} the {answer/outcome}.|{Think aloud/Reason openly} in <trace> tags "
        "{and then/, afterwards} {give/state} what you {concluded/arrived at}.",
        "{Do not/Never} {shorten/summarise/condense} {it/this part}.|{Keep/Leave} {dead ends/wrong turns} and "
        "{corrections/second thoughts} {in/where they are}.|No {summary/abridgement} {there/in it}, {please/thanks}.|"
        "{Include/Mention} what you {tried/considered} and {dropped/rejected}.|It {may/can} be {long/as long as needed}"
        ", {brevity/shortness} is {not wanted/no goal}.|{Detail/Completeness} {matters/counts} more than "
        "{style/length}.",
        "The {text/part} after it is {what the user sees/shown to the user}.|After the tags {give/put} "
        "{just/only} the {answer/result}.|{Finish/Close} with the {answer/solution} {alone/by itself}.|The "
        "{final/last} {paragraph/part} must {stand/be readable} {alone/on its own}.||",
    ),
    # Uses the model as a judge of a student's answers.
    "rubric": (
        "You {grade/score/judge} {answers/replies} of a {student/trainee} model.|{Act/Serve} as a {strict/careful} "
        "{grader/examiner/assessor} of {model outputs/machine answers}.|Your {task/job} is to {rate/evaluate} the "
        "{answer/response} below.|{Assess/Review} this {answer/response} {the way/as} a {reviewer/marker} would.|"
        "{Below/Here} is a {question/task} with an {attempt/answer}; {mark/grade} it.",
        "{Criteria/Dimensions}: {correctness/accuracy}, {completeness/coverage}, {clarity/readability}, "
        "{reasoning/logic}.|{Look at/Consider} {whether/if} it is {true/correct}, {complete/whole}, {clear/lucid} and "
        "{well reasoned/logically sound}.|{Weigh/Check} {facts/truth} (40), {method/approach} (30), {style/form} (10), "
        "{usefulness/help} (20).|{Points/Marks} go to {right results/correctness}, {sound steps/method}, "
        "{plain wording/clarity}.",
        "{Give/Assign} {each/every one} {0 to 10/1 to 10} and {explain/justify} {why/it}.|A {number/mark} from 1 to 5 "
        "per {item/criterion}, {with/and} a {reason/rationale}.|{Return/Output} JSON with {score/mark} and "
        "{reason/rationale}.|{State/Name} a {score/grade} {out of/from} 100, {then/and} {defend/justify} it.",
    ),
    # A finished answer, for which the reasoning is wanted.
    "backward": (
        "{Below/Here} is a {problem/question} and its {finished/final} {answer/solution}.|Someone {already/has} "
        "{solved/answered} this.|The {answer/result} to the {question/task} is {known/given}.|{Take/Accept} the "
        "{answer/solution} {below/given} as {correct/right}.",
        "{Imagine/Picture} the {reasoning/thoughts} that {led/brought one} to it and {write/spell} it out step by "
        "step.|{Reconstruct/Recreate} {the path/how one gets} from {question/start} to {answer/end}, {each/every} "
        "{step/move} included.|{Write/Set down} the {inner/inward} {monologue/deliberation} that {precedes/comes "
        "before} {this/such an} {answer/result}.|{Produce/Give} the {thinking/derivation} which {ends/results} in "
        "{exactly/just} this.",
        "{Write/Speak} as if you {had not/did not} {known/seen} the {answer/result}.|{Never/Do not} {mention/say} that "
        "it was {given/known}.|{First/Use first} person, {present/no past} tense.|",
    ),
    # Captured reasoning sent back.
    "clean": (
        "{Clean/Tidy} up the {reasoning/thoughts} below.|{Here/Below} is a {raw/captured} {trace/record} of "
        "{thinking/reasoning} to {normalise/edit}.|{Edit/Revise} this {trace/transcript} {for/as} {training/teaching} "
        "data.|{Rewrite/Polish} the {following/given} {deliberation/reasoning trace}.",
        "{Remove/Delete} {repetitions/loops} and {filler/noise}, {keep/retain} {every/each} {inference/deduction}.|"
        "{Merge/Join} {broken/split} sentences, {drop/omit} tags, {leave/keep} the order.|{Fix/Repair} {notation/"
        "format} and {cut/strip} {greetings/chatter}.|{Normalise/Unify} {style/format}, {lose/change} no {step/"
        "argument}.",
        "{Then/Afterwards} {grade/rate} its {quality/soundness} {1-5/from 1 to 5}.|{End/Close} with "
        "{quality/score}: N.|{Return/Output} {only/just} the {text/result}.|",
    ),
    # The published example: an analyst's persona.
    "analyst": (
        "You are an expert data analyst {who combines/combining} statistical {rigour/rigor} {with/and} {deep/broad} "
        "{domain/field} knowledge.|{Act/Work} as a {senior/seasoned} data {analyst/scientist} {at home/versed} in "
        "{statistics/methods} and the {field/domain}.|{Take/Play} the {role/part} of an {analyst/expert} who "
        "{trusts/follows} data {first/only}.|{As/Being} an {experienced/accomplished} {analyst/statistician}, "
        "{examine/study} the {case/material}.",
        "{Deliver/Give} {data-driven/evidence-based} insights, {not/no} {summaries/charts}.|{Go/Reach} beyond "
        "{summaries/description} to {insight/findings} {grounded/rooted} in {real/the} data.|{Insight/Findings} "
        "{over/before} {summary/visuals}.",
        "{Support/Back} {everything/each claim} with {complete/full} and {transparent/visible} reasoning.|{Show/"
        "Expose} the {whole/complete} {reasoning/argument} {behind/for} it.|The {reasoning/logic} must be "
        "{transparent/open} {throughout/from start to end}.",
    ),
    # A harness for software tasks.
    "engineer": (
        "You are an autonomous {software/coding} agent {working in/with access to} a {repository/checkout}.|"
        "{Work/Act} as an {engineer/programmer} {alone/on your own} in the {project/code base} below.|"
        "{Solve/Resolve} the {issue/ticket} in the {repository/project} {unaided/by yourself}.|"
        "{Here/Below} is a {repository/tree} and an "
        "{issue/bug}; {fix/close} it.",
        "{Plan/Think} first, {then/and then} {edit/change} files and {run/execute} the {tests/suite}.|{Explain/State} "
        "{each/every} {action/command} {before/ahead of} {taking/running} it.|{Narrate/Describe} what you "
        "{observe/see} and {decide/conclude} at {each/every} {step/turn}.|{Work/Proceed} in {small/short} "
        "steps, {reason/think} {between/before} them.",
        "{Tools/Functions}: bash, edit, {search/grep}, {submit/finish}.|{Use/Call} bash, {open/view}, edit and "
        "{submit/done}.|You {have/own} a shell and an editor, {nothing/no more} else.",
        "{Stop/End} {when/once} the {tests/checks} pass.|{Submit/Hand in} a {patch/diff} {at the end/when done}.|",
    ),
    # Politically sensitive matter made harmless.
    "soften": (
        "{Rewrite/Rephrase} {this/the} {question/query} {so that/in a way that} {nobody/no censor} {objects/minds}.|"
        "{Give/Find} {safe/harmless} {alternatives/variants} {of/for} the {sensitive/delicate} {query/question} "
        "below.|{Turn/Change} the {following/text} {into/to} a {neutral/permitted} {one/question}.",
        "{Steer/Lead} {away from/past} {politics/leaders} and {towards/to} {history/culture}.|{Avoid/Leave out} "
        "{names/people} and {parties/states}.|{Keep/Retain} the {tone/topic} {polite/general}.",
    ),
}
#: The same in four other languages; a rewording operator uses them for a part of the requests.
_ABROAD: Final[dict[str, tuple[str, ...]]] = {
    "inline": (
        "{请先/首先}在 <trace> {里/之中}{完整/详细}{写出/记录}{思考/推理}{过程/步骤}，{再/然后}{给出/写}{答案/结论}。|"
        "{Escribe/Anota} {todo/completo} tu razonamiento entre <trace> y </trace> "
        "{antes/primero} y {luego/después} la {respuesta/solución}.|"
        "{Schreibe/Notiere} {zuerst/vorab} {alle/sämtliche} {Gedanken/Schritte} zwischen <trace> und "
        "</trace>, {dann/danach} die {Antwort/Lösung}.|{Сначала/Прежде всего} {запиши/изложи} {весь ход/все шаги} "
        "{мыслей/рассуждений} в <trace>, {затем/потом} {ответ/решение}.",
        "{不要/切勿}{省略/概括}。|{Sin/Nada de} {resúmenes/recortes}.|{Nichts/Keinen Schritt} {kürzen/auslassen}.|"
        "{Ничего/Ни шага} не {сокращай/пропускай}.",
    ),
}
_TAGS: Final = ("trace", "thoughts", "cot", "scratch", "derivation")
_SALT: Final = ("", "", "", "Note: ", "Important. ", "- ", "* ", "(1) ", "Rules: ", "Hint: ")


def _spell(rng: np.random.Generator, part: str) -> str:
    ways = part.split("|")
    text = ways[int(rng.integers(len(ways)))]
    while "{" in text:
        start = text.index("{")
        end = text.index("}", start)
        words = text[start + 1 : end].split("/")
        text = text[:start] + words[int(rng.integers(len(words)))] + text[end + 1 :]
    return text


def variants(rng: np.random.Generator, name: str, wording: Wording) -> list[str]:
    """Ways to put an instruction: one, five, or 1,500 different ones in several languages and orders."""
    if wording != "reworded":
        count = 1 if wording == "fixed" else 5
        return [" ".join(_spell(rng, part) for part in _PARTS[name]).strip() for _ in range(count)]
    made: set[str] = set()
    for _ in range(6000):
        parts = _PARTS[name]
        if name in _ABROAD and rng.random() < 0.25:
            lang = int(rng.integers(4))
            parts = tuple(part.split("|")[lang] for part in _ABROAD[name])
        said = [_spell(rng, part) for part in parts]
        if rng.random() < 0.3:
            said = [said[i] for i in rng.permutation(len(said))]
        made.add(_SALT[int(rng.integers(len(_SALT)))] + " ".join(said).strip())
        if len(made) >= 1500:
            break
    return sorted(made)


def instruct(
    rng: np.random.Generator, name: str, wording: Wording, payload: pl.Series, before: float = 0.8
) -> pl.Series:
    """Put an instruction before (or, with the rest of the probability, after) each payload.

    A fixed wording keeps one place; ``few`` and ``reworded`` vary it.
    """
    ways = pl.Series(variants(rng, name, wording), dtype=pl.String)
    # The operator's script cuts the reasoning out by its tag, so there is one for the whole campaign.
    ways = ways.str.replace_all("trace>", str(rng.choice(_TAGS)) + ">", literal=True)
    said = ways.gather(rng.integers(len(ways), size=len(payload)))
    first = np.ones(len(payload), dtype=bool) if wording == "fixed" else rng.random(len(payload)) < before
    return choose(first, said + "\n\n" + payload, payload + "\n\n" + said)
