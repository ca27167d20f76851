"""Question words and negations of spoken languages, for the marks on face and head."""

from __future__ import annotations

from collections.abc import Mapping

from signgen.lexicon.keys import listed

WH_WORDS: Mapping[str, tuple[str, ...]] = {
    language: listed(words)
    for language, words in {
        "ar": "ما ماذا من متى أين كيف لماذا كم أي",
        "ca": "què qui quan on com quin quina quants quantes",
        "cs": "co kdo kdy kde kam jak proč který která které kolik čí",
        "da": "hvad hvem hvornår hvor hvordan hvorfor hvilken hvilket hvilke",
        "de": "was wer wen wem wessen wann wo wohin woher wie warum wieso weshalb welcher welche welches",
        "el": "τι ποιος ποια ποιο πότε πού πώς γιατί πόσο πόσα",
        "en": "what who whom whose where when why how which",
        "es": "qué quién quiénes cuándo dónde adónde cómo cuál cuáles cuánto cuánta cuántos cuántas",
        "et": "mis kes kus kuhu millal kuidas miks milline mitu kumb",
        "fi": "mikä mitä kuka ketä missä mihin mistä milloin koska miten miksi montako kumpi",
        "fr": "que quoi qui quand où comment pourquoi quel quelle quels quelles combien",
        "he": "מה מי מתי איפה איך למה כמה איזה",
        "hi": "क्या कौन कब कहाँ कैसे क्यों कितना कितने कौनसा",
        "hr": "što tko kada kad gdje kamo kako zašto koji koja koje koliko čiji",
        "hu": "mi mit ki kit mikor hol hova hogyan miért melyik hány mennyi",
        "id": "apa siapa kapan mana bagaimana mengapa kenapa berapa",
        "it": "che cosa chi quando dove come perché quale quali quanto quanta quanti quante",
        "ko": "무엇 뭐 누구 언제 어디 어떻게 왜 몇 얼마",
        "lt": "kas ką kur kada kaip kodėl koks kokia kuris kiek",
        "nb": "hva hvem når hvor hvordan hvorfor hvilken hvilket hvilke",
        "nl": "wat wie wanneer waar hoe waarom welke welk hoeveel",
        "pl": "co kto kogo kiedy gdzie dokąd jak dlaczego który która które ile czyj",
        "pt": "que quê quem quando onde como porquê qual quais quanto quanta quantos quantas",
        "ro": "ce cine când unde cum care cât câți",
        "ru": "что кто кого когда где куда откуда как почему зачем какой какая какое сколько чей",
        "sk": "čo kto kedy kde kam ako prečo ktorý ktorá ktoré koľko čí",
        "sv": "vad vem när var vart hur varför vilken vilket vilka",
        "tr": "ne kim nerede nereye nereden nasıl niçin neden hangi kaç",
        "uk": "що хто кого коли де куди звідки як чому який яка яке скільки чий",
        "vi": "gì ai đâu sao nào",
    }.items()
}

NEGATIONS: Mapping[str, tuple[str, ...]] = {
    language: listed(words)
    for language, words in {
        "ar": "لا لم لن ليس ليست",
        "ca": "no mai res ningú",
        "cs": "ne nikdy nic nikdo není",
        "da": "ikke aldrig intet ingen",
        "de": "nicht nie niemals kein keine keinen keinem keiner nichts niemand",
        "el": "δεν μην όχι ποτέ τίποτα κανείς",
        "en": "not never no none nothing nobody nowhere cannot neither nor",
        "es": "no nunca jamás nada nadie ningún ninguno ninguna",
        "et": "ei mitte kunagi pole",
        "fi": "ei en et emme ette eivät koskaan",
        "fr": "pas jamais rien personne aucun aucune",
        "he": "לא אין אף",
        "hi": "नहीं मत",
        "hr": "ne nije nikad nikada ništa nitko",
        "hu": "nem ne soha semmi senki nincs",
        "id": "tidak bukan jangan",
        "it": "non mai niente nulla nessuno",
        "ko": "안 못 아니",
        "lt": "ne nėra niekada nieko niekas",
        "nb": "ikke aldri ingenting ingen",
        "nl": "niet nooit geen niets niemand",
        "pl": "nie nigdy nic nikt",
        "pt": "não nunca nada ninguém nenhum nenhuma",
        "ro": "nu niciodată nimic nimeni",
        "ru": "не нет никогда ничего никто",
        "sk": "nie nikdy nič nikto",
        "sv": "inte aldrig inget ingen",
        "tr": "değil yok hiç asla hayır",
        "uk": "не ні ніколи нічого ніхто немає",
        "vi": "không chưa đừng",
    }.items()
}
