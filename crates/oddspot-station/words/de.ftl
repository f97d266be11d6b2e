# Die Wörter aller Seiten auf Deutsch.

## Wie Zahlen und Zeiten geschrieben werden; Zeiten wie bei strftime.

language-name = Deutsch
decimal-mark = ,
day-and-time = %d.%m.%Y %H:%M:%S
time-of-day = %H:%M:%S
percent = { $number } %

## Alle Seiten

skip = Zum Inhalt springen
stations = Stationen
pages = Seiten
people-label = Personen
new-station = Neue Station
overview = Alle Linien
overview-paused = pausiert
overview-no-model = kein Modell: Es kann nicht geurteilt werden
overview-missed = { $images ->
    [one] 1 Bild von heute wurde nicht beurteilt
   *[other] { $images } Bilder von heute wurden nicht beurteilt
}
overview-output = Ausgang { $name }: { $detail }
ago-now = gerade eben
ago-minutes = { $count ->
    [one] vor 1 Minute
   *[other] vor { $count } Minuten
}
ago-hours = { $count ->
    [one] vor 1 Stunde
   *[other] vor { $count } Stunden
}
ago-days = { $count ->
    [one] vor 1 Tag
   *[other] vor { $count } Tagen
}
line = Linie
history = Verlauf
setup = Einrichten
models = Modelle
verdict = Urteil
people = Personen
your-account = { $name }, { $role }: eigenes Konto
sign-out = Abmelden
connection-lost = Die Verbindung zum Dienst ist unterbrochen: Was hier steht, kann veraltet sein. Es wird weiter versucht.
for-programs = Beschreibung für Programme
metrics = Messwerte
language = Sprache

## Tasten

keys = Tastatur
keys-on = Tasten sind an
keys-close = Schließen
keys-help = diese Hilfe
keys-line = die Linie
keys-history = der Verlauf
keys-setup = das Einrichten
keys-models = die Modelle
keys-verdict = das Urteil
keys-wrong = „Das war falsch“ zum letzten Teil, oder zurücknehmen
keys-odd = Auffälliges zeigen oder nicht
keys-search = nach einem Teil suchen
keys-drawing = Auf dem Bild beim Einrichten
keys-arrows = bewegen das Kreuz oder die gehaltene Ecke; mit Umschalt in großen Schritten
keys-enter = setzt eine Ecke; auf der ersten Ecke schließt es den Bereich
keys-corner = hält die nächste Ecke der Bereiche, um sie zu bewegen; N und P gehen vor und zurück
keys-escape = lässt die Ecke los oder beendet den Bereich
keys-delete = entfernt die gehaltene Ecke oder die zuletzt gesetzte

## Urteile, Kennzeichnungen, Rollen

verdict-good = gut
verdict-check = prüfen
verdict-anomalous = auffällig
verdict-untrusted = unsicher
label-good = wirklich gut
label-bad = wirklich schlecht
label-none = keine
label-keep = Fehler und Anmerkung behalten
label-note = Anmerkung
defect = Fehler
labelled-good = als gut gekennzeichnet
labelled-bad = als schlecht gekennzeichnet
role-operator = Bedienung (operator)
role-engineer = Technik (engineer)
role-admin = Verwaltung (admin)
role-machine = Maschine (machine)
role-reader = Leser (reader)

## Warum ein Bild nicht gut ist

looks-wrong = sieht falsch aus ({ $share })
wrong-place = am falschen Ort ({ $share })
looks-wrong-and-wrong-place = { $looks } und { $place }
unaligned = konnte nicht ausgerichtet werden (seine Kanten stimmen mit denen guter Bilder nur zu { $agreement } überein): bitte selbst ansehen
beyond = { $words } ({ $measure } { $value }, gute Bilder { $least } bis { $most })
relation-above = über { $threshold }
relation-between = zwischen { $check } und { $threshold }
relation-below = nicht über { $check }
relation-untrusted = { $relation }, aber nicht verlässlich
side-unusual = hier ungewöhnlich
side-looks-wrong = sieht falsch aus
side-wrong-place = am falschen Ort
sheet-image = Bild
sheet-total = gesamt
sheet-threshold = Schwelle

health-sound = Licht, Schärfe und Farben sind wie bei guten Bildern.
health-beyond = Das Bild ist { $words }.
measure-light = Licht
measure-brightness = Helligkeit
measure-contrast = Kontrast
measure-black = Schwarz
measure-burnt_out = Überstrahlt
measure-focus = Schärfe
measure-noise = Rauschen
measure-colour = Farbigkeit
measure-red_cast = Rotstich
measure-blue_cast = Blaustich
measure-right = nach rechts
measure-down = nach unten
measure-larger = größer
measure-turned = gedreht
measure-unlike = Unähnlichkeit
below-light = dunkler als jedes gute Bild: Lampe und Belichtung prüfen
above-light = heller als jedes gute Bild: Lampe und Belichtung prüfen
below-contrast = flauer als jedes gute Bild: Objektiv, Lampe und Belichtung prüfen
above-contrast = kontrastreicher als jedes gute Bild: Lampe und Belichtung prüfen
above-black = auf einer größeren Fläche schwarz als jedes gute Bild: Lampe und Belichtung prüfen
above-burnt_out = auf einer größeren Fläche überstrahlt als jedes gute Bild: Lampe und Belichtung prüfen
below-focus = unschärfer als jedes gute Bild: Fokus und Objektiv prüfen
above-focus = schärfer oder verrauschter als jedes gute Bild: Verstärkung der Kamera prüfen
above-noise = verrauschter als jedes gute Bild: Verstärkung der Kamera prüfen, und ob es anders gespeichert wurde
below-colour = weniger farbig als jedes gute Bild: prüfen, ob die Kamera graue Bilder liefert
above-colour = farbiger als jedes gute Bild: prüfen, ob die Kamera farbige Bilder liefert
below-red_cast = weniger rot als jedes gute Bild: Lampe und Weißabgleich prüfen
above-red_cast = röter als jedes gute Bild: Lampe und Weißabgleich prüfen
below-blue_cast = weniger blau als jedes gute Bild: Lampe und Weißabgleich prüfen
above-blue_cast = blauer als jedes gute Bild: Lampe und Weißabgleich prüfen
below-right = weiter links als jedes gute Bild: Halterung und Kamera prüfen
above-right = weiter rechts als jedes gute Bild: Halterung und Kamera prüfen
below-down = weiter oben als jedes gute Bild: Halterung und Kamera prüfen
above-down = weiter unten als jedes gute Bild: Halterung und Kamera prüfen
below-larger = kleiner als jedes gute Bild: Abstand und Objektiv prüfen
above-larger = größer als jedes gute Bild: Abstand und Objektiv prüfen
below-turned = gegen den Uhrzeigersinn gedreht gegenüber allen guten Bildern: Halterung und Kamera prüfen
above-turned = im Uhrzeigersinn gedreht gegenüber allen guten Bildern: Halterung und Kamera prüfen
above-unlike = fast überall jedem guten Bild unähnlich: prüfen, ob es das richtige Teil ist, an seinem Ort und scharf

## Die Linie

paused = Diese Station pausiert: Gesendete Bilder werden abgewiesen, und Dateien ihres Ordners warten.
resume = Fortsetzen
trouble-model = Die Station { $station } hat kein Modell: { $model }, das zuletzt geurteilt hat, kann nicht mehr verwendet werden. Bringen Sie seine Datei wieder oder aktivieren Sie ein anderes unter Modelle.
keeping-room = Die Platte des Datenordners ist fast voll, { $free } von { $total } sind frei: Schaffen Sie Platz, oder sagen Sie unter [keep] der Konfiguration, welche Bilder gehen dürfen
keeping-beyond = Die Station { $station } hat { $has } an Bildern, mehr als die { $bound } von keep.gigabytes: Alles, was gehen darf, ist fort, denn was nicht gut ist, gekennzeichnet ist oder zum Lernen diente, wird nie entfernt, und auch die neuesten Teile nicht; geben Sie ihr mehr
folder-away = { $folder } ist nicht zu lesen ({ $detail }): Es wird weiter versucht
camera-silent = seit { $length ->
    [one] 1 Sekunde
   *[other] { $length } Sekunden
} kein Bild: Ist die Kamera an, und was ihre Bilder bringt? (limits.silence)
camera-silent-minutes = seit { $length ->
    [one] 1 Minute
   *[other] { $length } Minuten
} kein Bild: Ist die Kamera an, und was ihre Bilder bringt? (limits.silence)
camera-stuck = { $images } oder mehr Bilder hintereinander gleichen sich in jedem Pixel: Die Kamera, oder was ihre Bilder bringt, steht vielleicht still. Sie gelten als unsicher, bis ein anderes Bild kommt (limits.repeats)
image-repeats = genau dasselbe Bild wie { $before ->
    [one] das davor
   *[other] die { $before } davor
}: Die Kamera, oder was ihre Bilder bringt, steht vielleicht still
storing-fails = Nichts kann aufbewahrt werden, also wird nichts beurteilt: { $why }
folder-links = { $links ->
    [one] { $name } ist eine symbolische Verknüpfung, der nicht gefolgt wird: Legen Sie die Datei oder den Ordner selbst dorthin
   *[other] { $links } symbolischen Verknüpfungen, etwa { $name }, wird nicht gefolgt: Legen Sie die Dateien oder Ordner selbst dorthin
}
folder-linked = { $folder } liegt hinter einer symbolischen Verknüpfung, der nicht gefolgt wird: Legen Sie einen Ordner an ihre Stelle
files-wait = { $files ->
    [one] { $name } wartet: { $reason }
   *[other] { $files } Dateien warten, etwa { $name }: { $reason }
}
missed-today = { $images ->
    [one] 1 Bild, das heute kam, wurde nicht beurteilt:
   *[other] { $images } Bilder, die heute kamen, wurden nicht beurteilt, die letzten:
}
missed-one = { $images ->
    [one] { $time }, { $name }: { $reason }
   *[other] { $time }, { $name }, das letzte von { $images }: { $reason }
}
missed-unnamed = ohne Namen
missed-queue-full = es kamen mehr Bilder, als warten können
missed-receiving = es wurden zu viele Bilder auf einmal empfangen
missed-too-fast = es kamen mehr Bilder in einer Sekunde, als limits.requests der Konfiguration einlässt
missed-no-model = die Station hatte kein Modell
missed-paused = die Station pausierte
missed-too-large = es ist größer, als limits.body der Konfiguration einlässt
missed-no-room = auf der Platte war kein Platz mehr
missed-slow = es kam nicht rechtzeitig ganz an
missed-broken = seine Verbindung endete, bevor es ganz angekommen war
missed-ending = der Dienst war dabei zu enden
missed-other = nicht zu verwenden: { $detail }
today = heute { $verdict }
waiting = warten
folder = Ordner
output = Ausgang { $name }
output-ok = in Ordnung
output-waits = in Ordnung, { $waiting ->
    [one] 1 wartet
   *[other] { $waiting } warten
}
output-fails = gestört: { $detail }
output-fails-and-waits = { $waiting ->
    [one] 1 wartet
   *[other] { $waiting } warten
} seit { $since }: { $detail }
model = Modell
no-model = keines: Es kann nicht geurteilt werden
last-part = Das letzte Teil
score = Wert { $score }
score-and-relation = Wert { $score }, { $relation }
show-odd = Auffälliges zeigen
called-wrong-undo = Als falsch gemeldet – zurücknehmen
this-was-wrong = Das war falsch
sheet = Blatt mit den Karten
details = alles dazu, zum Drucken
last-parts = Die letzten Teile
no-image = Noch ist kein Bild gekommen
paused-nothing = Bis zum Fortsetzen wird nichts beurteilt.
send-with-token = Ein Programm sendet eines mit einem Token, das die Verwaltung auf der Seite Personen ausstellt:
send-one = Ein Programm dieses Rechners sendet eines so:
send-here = Ein Bild von dieser Seite aus senden
send-images = Bilder senden
send-images-note = Sie werden beurteilt wie die der Linie: Ihre Urteile stehen im Verlauf und gehen an die Ausgänge. Legen Sie sie hier ab, oder wählen Sie sie aus:
sent-to-judge = { $sent } von { $total } gesendet, { $refused } abgewiesen
or-folder = Oder schreiben Sie eines in den Ordner { $folder }: Es wird beurteilt, sobald es geschlossen oder umbenannt ist.
how-folder = Um zu beurteilen, was eine Kamera in einen Ordner schreibt, starten Sie den Dienst mit --folder ORDNER, oder nennen Sie ihn als folder in der Konfiguration.
no-model-yet = Diese Station hat noch kein Modell, darum kann nichts beurteilt werden.
give-good-images = Geben Sie ihr Bilder guter Teile, und machen Sie in Sekunden eines daraus
engineer-makes = Die Technik macht eines aus Bildern guter Teile.
picture-of = { $name }, { $verdict }

## Der Verlauf

station = Station
all = alle
label = Kennzeichnung
part = Teil
from = Von
until = Bis
order = Reihenfolge
newest-first = neueste zuerst
highest-first = höchster Wert zuerst
show = Zeigen
history-wrong = Danach kann nicht gesucht werden: { $detail }
scores = Werte
chart-note = Jeder Punkt ist ein Teil, einen Schritt nach dem vorigen, wie viel Zeit auch dazwischen lag: Darunter stehen die Zeiten des ersten und des letzten. Ein Pfeil ist ein Teil, dessen Wert über dem Bild liegt. Linien sind die Schwellen: über der oberen ist es auffällig, über der unteren zu prüfen. Gestrichelte Linien zeigen ein anderes Modell an.
chart-label = { $parts ->
    [one] Wert von 1 Teil
   *[other] Werte von { $parts } Teilen, die ältesten zuerst
}
chart-dot = { $verdict }, Wert { $score }
rates = Urteile im Lauf der Zeit
written-hour = %d.%m.%Y %H:%M
written-day = %d.%m.%Y
written-month = %m.%Y
rate-hour = Jeder Balken ist eine Stunde.
rate-day = Jeder Balken ist ein Tag.
rate-month = Jeder Balken ist ein Monat.
rate-note = Er zeigt, welcher Anteil seiner Teile auffällig, zu prüfen oder unsicher war; die übrigen waren gut. Gestrichelte Linien zeigen ein anderes Modell an.
rate-any-verdict = Teile aller Urteile zählen.
rate-newest = Nur die neuesten { $parts } Teile zählen.
rate-label = { $parts ->
    [one] Urteil über 1 Teil
   *[other] Urteile über { $parts } Teile im Lauf der Zeit
}: { $shares }. Die Tabelle darunter hat die Zahlen.
rate-share = { $verdict } { $share }
rate-bar = { $when }, { $parts ->
    [one] 1 Teil
   *[other] { $parts } Teile
}: { $shares }
rate-table = Diese Zahlen als Tabelle
counted-share = { $counted } ({ $share })
parts = Teile
image-removed = Das Bild wurde am { $when } gelöscht.
trouble-keeping = Aufbewahrte Bilder: { $detail }.
none-of-these = Davon gibt es keine.
export = Als Tabelle oder Zeilen:
csv = CSV
json-lines = JSON-Zeilen
more = Mehr
undo = zurücknehmen
image = Bild
when = Wann
reason = Grund

## Eine Prüfung

inspection = Teil { $name }
score-of = Wert
thresholds = Schwellen
threshold-check = { $threshold } (prüfen über { $check })
latency = Beurteilt in
milliseconds = { $number } ms
size = Größe
pixels = { $width } × { $height } Pixel
places = Auffällige Stellen
place-number = Stelle
place-at = Spalte und Zeile
place-size = Spalten und Zeilen
place-score = Höchster Wert
image-health = Licht, Schärfe, Farben
id = Prüfung
image-alone = das Bild allein
as-it-came = Datei, wie sie kam
to-line = Zurück zur Linie
print = Drucken
came-by = Gekommen per
by-http = Anfrage
by-page = Seite, gesendet von { $who }
sent-by = gesendet von { $who }
by-folder = Ordner, als { $file }
labelled-by = { $label }, von { $who }

## Einrichten

setup-of = { $station } einrichten
good-images = 1. Gute Bilder
good-images-note = Nur Bilder guter Teile, aufgenommen wie später an der Linie: gleiche Kamera, gleicher Ort, gleiches Licht, gleiche Seite oben. Fünfzig sind ein Anfang, einige Hundert sind besser.
sending = { $sent } von { $total } gesendet, { $same } davon schon da, { $refused } abgewiesen
not-anew = Die Seite konnte nicht erneuert werden:
drop = Bilder oder einen Ordner hier ablegen, oder auswählen:
images = Bilder
a-folder = Ein Ordner
images-sent = Gesendete Bilder
stop = Anhalten
from-history = Aus dem Verlauf
from-history-count = { $parts ->
    [one] 1 Teil, das als gut gekennzeichnet oder beurteilt ist
   *[other] { $parts } Teile, die als gut gekennzeichnet oder beurteilt sind
}
from-history-note = Was als gut beurteilt ist, muss es nicht sein: Wählen Sie, was Sie angesehen haben.
judged-good = als gut beurteilt
take-chosen = Die gewählten als gute Bilder nehmen
good-count = { $total ->
    [one] gutes Bild
   *[other] gute Bilder
}
good-left-out = , { $count } davon ausgelassen
good-shown = ; gezeigt sind { $from } bis { $to }, die neuesten zuerst
take-in = wieder aufnehmen
leave-out = auslassen
leave-out-name = auslassen: { $name }
remove-name = entfernen: { $name }
remove = entfernen
newer = neuere
older = ältere
good-by-upload = gesendet
good-by-history = aus dem Verlauf
inspected = 2. Was geprüft wird
regions-other = Das aktive Modell wurde mit anderen Bereichen trainiert als diesen: Sie gelten ab dem nächsten Training.
regions-unknown = Das aktive Modell wurde nicht hier trainiert: Ob es sich nach diesen Bereichen richtet, ist nicht bekannt. Sie gelten ab dem nächsten Training.
regions-none = Das ganze Bild. Sobald es ein gutes Bild gibt, können Bereiche darauf gezeichnet werden.
regions-note = Das ganze Bild, wenn Sie nicht zeichnen, was geprüft oder was übergangen wird: ein Hintergrund, ein Datum, eine Klammer. Es gilt ab dem nächsten Training.
regions-kept = Gespeichert. Es gilt ab dem nächsten Training.
region-inspected = Geprüfter Bereich { $n }, { $points } Ecken
region-ignored = Übergangener Bereich { $n }, { $points } Ecken
region-drawn = Ecken bisher: { $points }
region-held = Ecke { $point } von Bereich { $n } ist gehalten
region-changed = Noch nicht gespeichert
drawing = Zeichnen
draw = Zeichnen
inspect = prüfen
ignore = übergehen
region-close = Bereich schließen
region-undo = Zurück
region-keep = Bereiche speichern
on-image = Auf Bild
by-keyboard = Mit der Tastatur
by-keyboard-note = Auf dem Bild: Pfeile bewegen das Kreuz, mit Umschalt in großen Schritten. Leertaste oder Enter setzt eine Ecke, Enter auf der ersten Ecke oder C schließt den Bereich. N und P halten eine Ecke der Bereiche: Pfeile bewegen dann sie, Entf entfernt sie, Escape lässt sie los. Ohne gehaltene Ecke nimmt Entf oder Rücktaste die letzte Ecke zurück, und Escape beendet den Bereich, der gerade gezeichnet wird.
canvas = Bild, auf dem Bereiche gezeichnet werden
model-step = 3. Ein Modell
found-step = 4. Was vielleicht nicht zu den guten Bildern gehört
around-step = 5. Woher Bilder kommen und wohin Ergebnisse gehen
by-requests = Anfragen
outputs = Ausgänge
no-folder = keiner
no-outputs = keine: Ergebnisse stehen allein im Verlauf
files-stay = beurteilte Dateien bleiben
files-move = beurteilte Dateien kommen darin nach done, unbrauchbare nach failed
output-files = jeden Tag eine Datei in { $folder }
output-webhook = Anfragen an { $server }
output-mqtt = { $broker }, Standort { $site }
output-modbus = Modbus TCP, Gerät { $unit }
kept-images = aufbewahrt
kept-all = alle Bilder
kept-newest = die { $good } neuesten guten Bilder, und eines von { $one-of } älteren
kept-days = gute Bilder { $days } Tage lang
kept-gigabytes = höchstens { $gigabytes } GB an Bildern
kept-rows = Zeilen guter Teile { $days } Tage lang
around-in-file = Das steht in { $file }. Ändern Sie es dort, und starten Sie den Dienst neu: Keine Seite öffnet Ordner oder Adressen dieses Rechners.
around-add-to-file = Das steht in { $file }, wo diese Station noch nicht genannt ist. Tragen Sie sie ein, und starten Sie den Dienst neu: Keine Seite öffnet Ordner oder Adressen dieses Rechners.
around-by-options = Das wurde beim Start des Dienstes als Optionen gegeben. Eine Datei kann mehr: oddspot serve --config serve.toml.
around-none = Ordner und Ausgänge stehen in einer Datei der Konfiguration, denn keine Seite öffnet Ordner oder Adressen dieses Rechners: oddspot serve --config serve.toml, zum Beispiel mit
rename-station = So nennen
rename-note = Alles, was sie hat, geht mit. Der Name steht in Adressen: Programme, die Bilder senden, und offene Seiten brauchen den neuen.
remove-station = Entfernen
remove-station-question = Die Station { $station } entfernen? Sie arbeitet dann nicht mehr. Was sie beurteilt hat, ihre Bilder und Modelle bleiben, unter Verlauf. Tokens allein für sie und ein abgebrochenes Training gehen verloren. Wird sie unter demselben Namen wieder angelegt, hat sie das übrige wieder.

## Aufträge

job-instant = Sofortmodell
job-default = Volles Training
job-audit = Gute Bilder durchsehen
jobs-ready = Das Sofortmodell braucht Sekunden. Das volle Training macht zuerst das gleiche Modell und braucht Minuten bis Stunden für das bessere; an der Linie wird derweil weiter geurteilt.
jobs-not-ready = Ein Modell braucht mindestens zwei gute Bilder.
job-waiting = wartet
job-running = läuft
job-done = fertig
job-failed = gescheitert
job-cancelled = abgebrochen
job-interrupted = unterbrochen
job-asked = Auftrag { $id } · erteilt { $at }
how-far = Wie weit er ist
cancel = Abbrechen
try-again = Noch einmal
go-on = Fortsetzen
loss-note = Der Verlust beim Training, Schritt für Schritt.
loss-label = Der Verlust: { $first } nach Schritt { $from }, { $last } nach Schritt { $to }
loss-step = Schritt { $step }
stage-checks = prüft Bilder: { $done } von { $total }
stage-prepares = bereitet Bilder vor: { $done } von { $total }
stage-fits = lernt, was üblich ist
stage-trains = trainiert: Schritt { $done } von { $total }
stage-fold = trainiert ohne einen Teil der Bilder ({ $fold } von { $folds }): Schritt { $done } von { $total }
stage-scores = bewertet gute Bilder: { $done } von { $total }
stage-looks = sieht die guten Bilder durch: { $done } von { $total }
outcome-judges = Modell { $model } wurde gemacht und urteilt seit { $at }.
outcome-made = Modell { $model } wurde gemacht: Es kann unter Modelle aktiviert werden.
outcome-looked = { $images ->
    [one] 1 gutes Bild wurde
   *[other] { $images } gute Bilder wurden
} durchgesehen: { $suspicious } verdächtig, { $groups } { $groups ->
    [one] Gruppe
   *[other] Gruppen
} gleicher.
outcome-failed = Es ging nicht: { $detail }
outcome-cancelled = Jemand hat es abgebrochen.
outcome-interrupted = Der Dienst endete, während daran gearbeitet wurde.
job-extend = Weitere gute Bilder lernen
job-calibrate = Schwellen neu setzen
job-compare = Vergleich zweier Modelle
job-labels = Gekennzeichnete Teile neu beurteilt
job-verify = Ein Modell geprüft
extend-when = Wenn gute Teile etwas anders aussehen als bisher: nimmt die seither gekommenen guten Bilder zu dem, was das aktive Modell kennt. Braucht Sekunden. Was es nicht kannte, ist von da an gut.
calibrate-when = Wenn zu viele gute Teile angehalten werden oder schlechte durchgehen: lässt, was das aktive Modell kennt, und setzt seine Schwellen nach guten Bildern, aus denen es nicht gelernt hat. Als schlecht gekennzeichnete Teile sagen, wie viele verpasst werden.
changed-note = Beide machen ein neues Modell. Es urteilt, sobald es unter Modelle aktiviert ist; sehen Sie dort zuerst, was es gesagt hätte.
insist = Trotzdem machen
stage-judges = beurteilt Bilder: { $done } von { $total }
outcome-extended = { $images ->
    [one] 1 gutes Bild kam
   *[other] { $images } gute Bilder kamen
} hinzu; { $known } kannte es schon, oder sie waren doppelt da.
outcome-calibrated = Schwellen { $now }, vorher { $before }. Von den guten Bildern sind { $alarms } auffällig; von den als schlecht gekennzeichneten Teilen werden { $misses } verpasst.
counted-of = { $counted } von { $of }
outcome-judged = { $parts ->
    [one] 1 gekennzeichnetes Teil wurde
   *[other] { $parts } gekennzeichnete Teile wurden
} neu beurteilt.
outcome-not-judged = { $parts ->
    [one] 1 konnte
   *[other] { $parts } konnten
} es nicht werden: { $detail }.
outcome-verified = Modell { $model } urteilt auf dieser Maschine wie bei seiner Entstehung: { $own ->
    [one] ein eigenes gutes Bild hat den gleichen Wert
   *[other] { $own } eigene gute Bilder haben die gleichen Werte
}.
outcome-verified-parts = { $same ->
    [one] 1 gekennzeichnetes Teil hat
   *[other] { $same } gekennzeichnete Teile haben
} den Wert, den ihnen das Modell früher gab. Von den als gut gekennzeichneten Teilen werden { $alarms } angehalten; von den als schlecht gekennzeichneten { $misses } verpasst.
outcome-doubt = Sehen Sie es sich an: { $detail }.
outcome-refused = Es wurde nicht gemacht und nichts geändert: { $detail }. Lassen Sie aus, was nicht gut ist. Wenn alles so gemeint ist, machen Sie es trotzdem.

## Was unter guten Bildern gefunden wurde

looked-through = { $images ->
    [one] 1 Bild wurde
   *[other] { $images } Bilder wurden
} durchgesehen am { $at }.
nothing-stands-out = Nichts fällt auf.
found-bad = Im Verlauf als schlecht gekennzeichnet: Daraus wurde nichts gelernt
found-bad-note = ist es gut, nehmen Sie die Kennzeichnung unter Verlauf zurück
suspicious = Verdächtig
twice = Doppelt: { $what }
same-pixels = die gleichen Pixel
same-part = das gleiche Teil, oder fast das gleiche Bild
not-looked-through = Die Bilder wurden noch nicht durchgesehen. Wenn ein Modell gemacht wird, geschieht es auch.
odd-for-place = auffällig für seinen Platz unter den anderen
odd-far = weit auffälliger als alle anderen
odd-at = { $odd }, bei Spalte { $column } und Zeile { $row }
unlike-size = von anderer Größe: die meisten haben { $usual }
unlike-aspect = von anderer Form: Breite durch Höhe ist bei den anderen { $usual }
unlike-depth = von anderer Tiefe: die meisten haben { $usual } Bit
unlike-grey = grau, die meisten sind farbig
unlike-coloured = farbig, die meisten sind grau
unlike-brighter = viel heller: { $own } von 255 im Mittel, die anderen { $usual }
unlike-darker = viel dunkler: { $own } von 255 im Mittel, die anderen { $usual }
unlike-colour = von anderer Farbe: Rot/Grün/Blau { $own } im Mittel, die anderen { $usual }

## Modelle

models-of = Modelle von { $station }
configured-active = Die Konfiguration nennt das aktive Modell. Wenn Sie hier ein anderes aktivieren, gilt es auch nach einem Neustart, bis die Datei { $file } durch eine andere ersetzt wird.
configured-other = Die Konfiguration nennt die Datei { $file } mit dem Modell { $named }, und hier wurde { $active } aktiviert: Es gilt auch nach einem Neustart, bis diese Datei durch eine andere ersetzt wird.
roll-back = Zurück zu { $model }
resume-station = Station fortsetzen
pause-station = Station pausieren
bring-model = Modell bringen
no-model-there = Noch gibt es kein Modell.
make-from-good = Aus guten Bildern eines machen
or-bring = Oder eine Datei bringen.
models-note = Bevor eines aktiv wird, muss es seine eigenen Bilder bewerten wie damals, als es gemacht wurde.
verify-title = Ein Modell prüfen
verify-note = Hält ein Modell auf dieser Maschine gegen das, was es bei seiner Entstehung war: nach einer Aktualisierung, nach einem Umzug auf eine andere Maschine, oder bei Zweifeln. Nichts wird geändert.
verify-labelled = Auch die gekennzeichneten Teile noch einmal beurteilen
verify = Prüfen
verify-goes = beurteilt: { $percent } %
verified-at = { $at }:
where-from = Woher es kommt
good-images-of = Gute Bilder
anomalous-above = Auffällig über
check-above = Zu prüfen über
last-activated = Zuletzt aktiviert
never = nie
active = aktiv
regions = Bereiche
activate = Aktivieren
activate-name = { $model } aktivieren
what-it-judged = was es beurteilt hat
origin-job = gemacht von Auftrag { $job }
origin-some-job = gemacht von einem Auftrag
origin-file = { $file }, von der Konfiguration genannt
origin-upload = { $file }, gesendet
origin-thresholds = { $model } mit anderen Schwellen
origin-other = ein anderes mit anderen Schwellen
origin-before = da, bevor die Herkunft festgehalten wurde
a-file = eine Datei
damaged = beschädigt
damaged-note = Seine Datei ist beschädigt oder fort; so kann es nicht aktiviert werden. Bringen Sie dieselbe Datei wieder, dann geht es.
damaged-active = Seine Datei ist beschädigt oder fort. Es urteilt weiter, bis der Dienst endet, und danach nicht mehr: Bringen Sie dieselbe Datei wieder.
origin-extended = { $model } mit weiteren guten Bildern, von Auftrag { $job }
origin-calibrated = { $model } mit neu gesetzten Schwellen, von Auftrag { $job }
compare-title = Zwei Modelle vergleichen
compare-note = An den Teilen, die im Verlauf gekennzeichnet sind: was beide verpassen und was sie umsonst anhalten. Was eines davon noch nicht beurteilt hat, beurteilt es nun.
compare-first = Ein Modell
compare-second = Das andere
compare = Vergleichen
compare-goes = Die gekennzeichneten Teile werden beurteilt: { $percent } %
compared-parts = { $parts ->
    [one] 1 gekennzeichnetes Teil ist
   *[other] { $parts } gekennzeichnete Teile sind
} verglichen, jedes Bild einmal.
compared-learned = { $parts ->
    [one] 1 zählt
   *[other] { $parts } zählen
} nicht: Eines der Modelle hat daraus gelernt.
compared-missing = { $parts ->
    [one] 1 zählt
   *[other] { $parts } zählen
} nicht: Eines der Modelle hat es nicht beurteilt.
compared-alike = Sie sagen von allen dasselbe.
compared-differ = Sie unterscheiden sich bei { $parts ->
    [one] 1 Teil
   *[other] { $parts } Teilen
}. Bei { $by-first } davon hat allein { $first } recht, bei { $by-second } allein { $second }.

## Das Urteil

verdict-of = Urteil von { $station }
verdict-note = Werte der { $own } guten Bilder, aus denen das Modell stammt, von { $good } als gut und { $bad } als schlecht gekennzeichneten Teilen.
set-labels = Gekennzeichnet wird unter Verlauf
above-anomalous = darüber auffällig
above-check = darüber zu prüfen
anomalous-number = Auffällig über, als Zahl
check-number = Zu prüfen über, als Zahl
save-thresholds = Als neues Modell speichern und danach urteilen
back-to-active = Zurück zu denen des aktiven Modells
data-set = gute Bilder und gekennzeichnete Teile als Datensatz
no-thresholds = Noch gibt es kein Modell, und so keine Schwellen.
histogram-label = Verteilungen der Werte: { $rows }
histogram-own = Die guten Bilder des Modells, jedes so, als wäre es ausgelassen worden
histogram-good = Als gut gekennzeichnet
histogram-bad = Als schlecht gekennzeichnet
histogram-bar = { $count } von { $from } bis { $to }
what-is = Was ist
above = Über
false-alarms = Fehlalarme bei als gut gekennzeichneten Teilen
misses = Verpasst von als schlecht gekennzeichneten Teilen
own-images = Die eigenen guten Bilder des Modells
row-anomalous = auffällig
row-not-good = auffällig oder zu prüfen
no-labelled-good = keines ist als gut gekennzeichnet
no-labelled-bad = keines ist als schlecht gekennzeichnet
share = { $counted } von { $of }: { $share } ({ $low } bis { $high })
expected = { $share } erwartet; { $above } von { $own } liegen darüber
meant-note = In Klammern: wo der Anteil liegt, mit 95 % Sicherheit (Clopper–Pearson). Teile, deren Bild nicht verlässlich ist, werden bei allen Schwellen angehalten.
meant-others = { $others ->
    [one] 1 gekennzeichnetes Teil wurde von einem Modell mit anderen Werten beurteilt und zählt hier nicht.
   *[other] { $others } gekennzeichnete Teile wurden von Modellen mit anderen Werten beurteilt und zählen hier nicht.
}
meant-learned = { $parts ->
    [one] 1 gekennzeichnetes Teil zählt nicht: Das Modell hat aus seinem Bild gelernt.
   *[other] { $parts } gekennzeichnete Teile zählen nicht: Das Modell hat aus ihren Bildern gelernt.
}
anew-wanted = { $parts ->
    [one] 1 gekennzeichnetes Teil wurde
   *[other] { $parts } gekennzeichnete Teile wurden
} von anderen Modellen beurteilt.
anew-begins = Gekennzeichnete Teile werden von diesem Modell neu beurteilt.
anew-goes = Gekennzeichnete Teile werden von diesem Modell neu beurteilt: { $percent } %
judge-anew = Von diesem Modell beurteilen lassen

## Eine neue Station

first-station = Noch gibt es keine Station
another-station = Eine neue Station
what-station = Eine Station ist eine Ansicht eines Teils: eine Kamera, ein Ort, ein Licht. Sie lernt allein aus Bildern guter Teile.
name = Name
make-station = Anlegen und einrichten
name-rule = Buchstaben von a bis z, Ziffern, - und _. Der Name steht in Adressen. Die Verwaltung kann ihn später ändern.
no-station = Noch keine Station
no-station-note = Technik oder Verwaltung legen eine an. Was sie beurteilt, steht dann hier.

## Personen

people-and-machines = Personen und Maschinen
no-users = Es gibt keine Benutzer. Solange das so ist, darf jeder an diesem Rechner alles, und kein anderer Rechner kommt herein. Sobald es einen gibt, müssen sich alle anmelden. Der erste gehört zur Verwaltung: Geben Sie sich Namen und Passwort.
role = Rolle
signed-in-last = Zuletzt angemeldet
added = Hinzugefügt
actions = Was zu tun ist
you = Sie
must-change = muss zuerst das Passwort ändern
role-of = Rolle von { $name }
change-your-password = Eigenes Passwort ändern
new-password = Neues Passwort
remove-user = { $name } entfernen? Was { $name } getan hat, bleibt im Protokoll.
remove-it = Entfernen
password = Passwort
add = Hinzufügen
password-rule = Mindestens 10 Zeichen.
password-own = Wer hinzugefügt wird, muss beim ersten Mal ein eigenes wählen.
roles-note = Die Bedienung sieht und kennzeichnet, was beurteilt wird; die Technik richtet auch Stationen ein; die Verwaltung bestimmt, wer was darf.
a-new-password = Ein neues Passwort
must-change-note = Es muss beim ersten Mal geändert werden.
new-password-of = Neues Passwort von
give-it = Vergeben
leave-it = Lassen
machines = Maschinen
machines-note = Ein Programm sendet sein Token im Kopf Authorization, als Bearer und das Token. Maschinen senden Bilder und lesen, was daraus wurde; Leser lesen, was beurteilt wurde, Messwerte und Ereignisse.
token-of = Das ist das Token von
token-once = Kopieren Sie es jetzt: Es wird nicht noch einmal gezeigt.
copy = Kopieren
last-used = Zuletzt benutzt
made = Ausgestellt
remove-token = Das Token { $name } entfernen? Das Programm, das es hat, wird dann abgewiesen.
make-token = Token ausstellen
who-did-what = Wer was getan hat
nothing-done = Noch wurde nichts getan.
who = Wer
what = Was
newest = Neueste
by-token = Token { $name }
by-terminal = jemand am Terminal
by-anyone = jemand
deed-signed_in = hat sich angemeldet
deed-sign_in_failed = Anmeldung gescheitert als
deed-signed_out = hat sich abgemeldet
deed-user_added = Benutzer hinzugefügt:
deed-user_role = Rolle geändert:
deed-user_password = Passwort gesetzt:
deed-user_removed = Benutzer entfernt:
deed-token_added = Token ausgestellt:
deed-token_removed = Token entfernt:
deed-station_made = Station angelegt:
deed-station_paused = Station pausiert:
deed-station_resumed = Station fortgesetzt:
deed-station_renamed = Station umbenannt:
deed-station_removed = Station entfernt:
deed-model_sent = Modell gebracht für
deed-model_activated = Modell aktiviert für
deed-model_rolled_back = Modell zurückgenommen für
deed-model_verified = Modell prüfen lassen für
deed-thresholds_saved = Schwellen gespeichert für
deed-regions_drawn = Bereiche gezeichnet für
deed-job_started = Auftrag erteilt für
deed-job_cancelled = Auftrag abgebrochen für
deed-good_added = gutes Bild hinzugefügt zu
deed-good_left_out = gutes Bild ausgelassen bei
deed-good_taken_in = gutes Bild wieder aufgenommen bei
deed-good_removed = gutes Bild entfernt bei
deed-image_sent = Bild gesendet an
deed-labelled = gekennzeichnet:
deed-label_removed = Kennzeichnung zurückgenommen:

## Das Konto, und die Anmeldung

account = Eigenes Konto
given-password = Ihr Passwort hat Ihnen jemand anderes gegeben. Wählen Sie eines, das nur Sie kennen, dann geht es weiter.
password-now = Bisheriges Passwort
the-same-again = Noch einmal dasselbe
password-hint = Mindestens 10 Zeichen. Mehrere Wörter sind leicht zu merken.
change-it = Ändern
signed-out-elsewhere = In allen anderen Browsern sind Sie dann abgemeldet.
password-differs = Das neue Passwort wurde auf zwei Arten geschrieben.
password-same = Das neue Passwort ist das bisherige.
password-now-wrong = Das bisherige Passwort ist falsch.
sign-in = Anmelden
forgotten = Wer das Passwort vergessen hat, bittet die Verwaltung (admin) um ein neues.
sign-in-wrong = Der Name oder das Passwort ist falsch.
sign-in-busy = Zu viele melden sich gleichzeitig an. Versuchen Sie es gleich noch einmal.
sign-in-too-soon = Das war zu oft falsch. Versuchen Sie es in { $seconds ->
    [one] einer Sekunde
   *[other] { $seconds } Sekunden
} noch einmal.

## Solange der Verlauf fehlt, und was nicht gezeigt werden kann

away = Nicht da
away-title = Was beurteilt wurde, kann gerade nicht gezeigt werden
away-note = Gesendete Bilder werden so lange abgewiesen, und Dateien von Ordnern warten. Nichts, was beantwortet wurde, ist verloren. Diese Seite fragt alle fünf Sekunden wieder.
wrong-title = Das kann nicht gezeigt werden
wrong-not-there = Diese Seite gibt es nicht, oder was sie zeigte, ist nicht mehr da.
wrong-forbidden = Mit Ihrer Rolle dürfen Sie diese Seite nicht sehen. Die Verwaltung kann das ändern.
wrong-address = Etwas in der Adresse ist nicht zu verstehen.
wrong-fault = Im Dienst ging etwas schief. Sein Protokoll sagt, was.
wrong-busy = Gerade ist zu viel zu tun. Versuchen Sie es gleich noch einmal.
to-first-page = Zur ersten Seite

## Was Skripte sagen

script-away = Die Datenbank des Verlaufs ist nicht erreichbar: { $detail }
script-busy = Gerade ist zu viel zu tun: { $detail }
script-failed = Es ging nicht: { $detail }
script-forbidden = Das dürfen Sie mit Ihrer Rolle nicht: { $detail }
script-invalid = Das kann so nicht verwendet werden: { $detail }
script-lost = Der Dienst antwortet nicht. Läuft er, und erreicht ihn das Netz?
script-missing = Das gibt es nicht (mehr): { $detail }
script-no-model = Es fehlt ein Modell: { $detail }
script-not-kept = nicht gespeichert: { $detail }
script-sent = { $name } wird gesendet und angesehen
script-too-large = Das ist zu groß: { $detail }
script-unknown = Melden Sie sich wieder an: { $detail }

## Warum etwas abgelehnt wird; Programme und das Protokoll erfahren es auf Englisch

refused-name-taken = Es gibt schon eine Station { $name }.
refused-name-known = Es gibt oder gab schon eine Station { $name }: Was sie beurteilt hat, steht unter diesem Namen.
refused-no-station = Hier arbeitet keine Station { $station }.
refused-name-case = { $name } unterscheidet sich von der Station { $other } nur in Groß- und Kleinschreibung, und manche Datenträger trennen das nicht: Nehmen Sie einen anderen Namen.
refused-name = Eine Station kann nicht { $name } heißen: Nehmen Sie 1 bis { $longest } Buchstaben von a bis z, Ziffern, - und _.
refused-most-stations = Es gibt schon { $most } Stationen, mehr gehen nicht.
refused-configured = Die Station { $station } steht in { $file }: Ändern Sie sie dort, und starten Sie den Dienst neu.
refused-by-options = Die Station { $station } wurde beim Start des Dienstes als Option gegeben: Ändern Sie sie dort.
refused-busy = Auftrag { $id } der Station { $station } ist nicht zu Ende: Warten Sie auf ihn, oder brechen Sie ihn ab.
refused-same-job = Auftrag { $id } der Station { $station } tut dasselbe und ist nicht zu Ende.
refused-still-judging = Die Station { $station } prüft noch: Versuchen Sie es wieder, wenn sie fertig ist.
refused-job-over = Auftrag { $id } ist schon zu Ende.
refused-few-good = Die Station { $station } hat { $good } gute Bilder: { $least } braucht es mindestens, um etwas zu lernen, und mit fünfzig geht es gut.
refused-no-model = Die Station { $station } hat kein Modell: Erzeugen Sie zuerst eines.
refused-none-labelled = Von der Station { $station } ist kein Teil gekennzeichnet, dessen Bild aufbewahrt ist: Kennzeichnen Sie welche im Verlauf.
refused-two-models = Verglichen werden zwei verschiedene Modelle.
refused-few-new = Es gibt { $good } gute Bilder, aus denen Modell { $model } nicht gelernt hat: { $least } braucht es mindestens für Schwellen, und mit fünfzig geht es gut. Fügen Sie gute Bilder hinzu, oder kennzeichnen Sie gute Teile im Verlauf.
refused-nothing-new = Das Modell kennt schon alle guten Bilder: Fügen Sie andere hinzu.
refused-no-other = Vor diesem war an der Station { $station } kein anderes Modell aktiv.
refused-other-model = An der Station { $station } urteilt inzwischen Modell { $now }, und diese Schwellen wurden für { $of } gewählt: Laden Sie die Seite neu, und wählen Sie noch einmal.
refused-thresholds-finite = Eine Schwelle ist eine endliche Zahl.
refused-thresholds-order = Was zu prüfen ist, kann nicht über dem beginnen, was auffällig ist.
refused-thresholds-same = Das sind die Schwellen schon.
refused-unknown-model = Die Station { $station } hat kein Modell { $model }.
refused-verified-otherwise = Modell { $model } urteilt hier nicht wie bei seiner Entstehung: { $apart } seiner { $own } eigenen Bilder haben andere Werte, um { $most } bei einer Schwelle von { $threshold }. Lassen Sie ein anderes Modell urteilen, und sehen Sie nach, was an dieser Maschine anders ist.
refused-parts-otherwise = Modell { $model } urteilt hier nicht wie früher: { $apart } von { $own } gekennzeichneten Teilen haben andere Werte, um { $most } bei einer Schwelle von { $threshold }. Lassen Sie ein anderes Modell urteilen, und sehen Sie nach, was an dieser Maschine anders ist.
refused-judges-otherwise = Modell { $model } urteilt hier nicht wie bei seiner Entstehung: { $apart } seiner { $own } eigenen Bilder haben andere Werte, um { $most } bei einer Schwelle von { $threshold }. Es wurde nicht aktiviert.
refused-model-gone = Das Modell { $model } ist nicht mehr im Datenordner.
refused-model-damaged = Das Modell { $model } ist beschädigt: Sein Inhalt ist ein anderer als damals.
refused-most-good = Die Station { $station } hat { $most } gute Bilder, mehr gehen nicht.
refused-labelled-bad = { $name } ist im Verlauf als schlecht gekennzeichnet: Kein Modell darf daraus lernen.
refused-empty-file = Die Datei ist leer.
refused-image-removed = Das Bild der Prüfung { $id } wurde am { $day } entfernt: Was gefunden wurde, bleibt.
refused-most-regions = Es können höchstens { $most } Bereiche mit je { $points } Ecken gezeichnet werden.
refused-nothing-inspected = So bleibt nichts zu prüfen: Machen Sie kleiner, was ignoriert wird.
refused-large-body = Sie hat mehr als { $most } Bytes.
refused-broken-body = Die Verbindung endete, bevor alles angekommen war: Senden Sie es noch einmal.
refused-receiving = Für die Station { $station } werden schon zu viele Bilder empfangen: Dieses wurde nicht beurteilt.
refused-model-large = Die Datei eines Modells hat höchstens { $most } Bytes.
refused-model-file = Das ist kein Modell, das hier zu brauchen ist ({ $detail }).
refused-user-known = Es gibt schon einen Benutzer { $name }.
refused-no-user = Es gibt keinen Benutzer { $name }.
refused-first-user = Der erste Benutzer muss die Rolle Verwaltung (admin) haben: Niemand sonst könnte andere hinzufügen.
refused-only-admin = Nur { $name } hat die Rolle Verwaltung (admin): Geben Sie sie zuerst jemand anderem.
refused-last-admin = Nur { $name } hat die Rolle Verwaltung (admin), und es gibt andere Benutzer: Geben Sie sie zuerst jemand anderem, oder entfernen Sie die anderen.
refused-own-password = Das eigene Passwort ändern Sie unter /account, wo nach dem jetzigen gefragt wird.
refused-token-known = Es gibt schon ein Token { $name }.
refused-token-reader = Ein Leser liest von allen Stationen: Lassen Sie die Station weg, oder nehmen Sie die Rolle Maschine.
refused-user-name = Ein Benutzer kann nicht { $name } heißen: Nehmen Sie 1 bis { $longest } Buchstaben von a bis z, Ziffern, - _ . und @, zuerst einen Buchstaben oder eine Ziffer.
refused-token-name = Ein Token kann nicht { $name } heißen: Nehmen Sie 1 bis { $longest } Buchstaben von a bis z, Ziffern, - _ . und @, zuerst einen Buchstaben oder eine Ziffer.
refused-password-short = Das Passwort hat { $letters } Zeichen: Nehmen Sie mindestens { $least }, mehrere Wörter merkt man sich leicht.
refused-password-long = Das Passwort hat mehr als { $most } Bytes.
refused-role-operator = Das ist für Angemeldete.
refused-role-engineer = Das ist für die Rollen Technik (engineer) und Verwaltung (admin).
refused-role-admin = Das ist für die Rolle Verwaltung (admin).
refused-unknown = Melden Sie sich an.
refused-no-inspection = Es gibt keine Prüfung { $id }.
refused-no-address = Diese Adresse gibt es nicht.
refused-no-id = { $text } ist keine Kennung einer Prüfung.
refused-letters = { $what } hat mehr als { $longest } Zeichen.
refused-key-text = Idempotency-Key muss einfacher Text sein.
refused-unreadable = Das ist nicht zu verstehen („{ $what }“): { $detail }
refused-nul = Ein Text hat U+0000, das hier kein Text haben kann: Lassen Sie es weg.
refused-export-limit = Ein Export hat alle, nach denen gefragt wird: Geben Sie kein limit an.
refused-limit = limit muss eine Zahl von 1 bis { $most } sein.
refused-at-once = Nehmen Sie höchstens { $most } auf einmal.
refused-empty-body = Die Anfrage ist leer: Senden Sie die Datei des Bildes.
refused-no-time = { $text } ist keine Zeit: Schreiben Sie sie wie 2026-11-29T14:00:00Z oder 2026-11-29.
refused-filter = { $what ->
    [verdict] Ein Urteil { $word } gibt es nicht.
    [label] Eine Kennzeichnung { $word } gibt es nicht.
   *[order] Eine Reihenfolge { $word } gibt es nicht.
}
refused-paused = Die Station { $station } ist pausiert: Nichts wird beurteilt, bis sie fortgesetzt wird.
refused-password-name = Das Passwort ist kaum mehr als der Name: Nehmen Sie ein anderes.
refused-password-letter = Das Passwort ist immer derselbe Buchstabe: Nehmen Sie ein anderes.
refused-change-password = Ihr Passwort wurde Ihnen von jemand anderem gegeben: Ändern Sie es zuerst unter /account.

## Was nicht geht, und warum: von Dateien und Ordnern, vom System, von Empfängern; Programmen und dem Protokoll wird es auf Englisch gesagt

as-it-is = { $text }
of-file = { $file }: { $reason }
system-refused = Verbindung abgewiesen
system-broke = die Verbindung ist abgebrochen
system-closed = die Verbindung wurde geschlossen
system-no-answer = keine Antwort in der Zeit, die dafür da ist
system-unreachable = nicht erreichbar
system-missing = das gibt es nicht
system-forbidden = der Dienst darf das nicht: Seinem Konto fehlt das Recht
system-read-only = dort kann nichts geschrieben werden: Die Platte ist nur zum Lesen eingebunden
system-full = es ist kein Platz mehr da: Schaffen Sie welchen, dann geht es von selbst weiter
system-no-folder = das ist kein Ordner
system-share-away = die Netzfreigabe ist nicht da
file-written = sie wurde geschrieben, während sie gelesen wurde
folder-silent = seit { $seconds } Sekunden keine Antwort
folder-gone = diesen Ordner gibt es nicht: Legen Sie ihn an, oder verbinden Sie seine Platte oder Netzfreigabe wieder
receiver-refuses = die Antwort ist { $answer }: Sehen Sie nach, ob Adresse und Geheimnis stimmen
receiver-fails = die Antwort ist { $answer }
receiver-no-host = einen Rechner dieses Namens gibt es nicht
broker-not-yet = noch keine Verbindung zum Broker
broker-broke = die Verbindung zum Broker ist abgebrochen
broker-refuses = der Broker weist die Verbindung ab: { $code }
broker-silent = der Broker antwortet nicht
broker-takes-nothing = der Broker nimmt nichts an
broker-acknowledges-nothing = der Broker bestätigt nichts
controller-silent = die Steuerung hat das letzte Ergebnis nicht bestätigt

history-away = Die Datenbank des Verlaufs ist nicht erreichbar ({ $why }): Bis sie wieder da ist, wird nichts beurteilt.
history-unknown = { $trouble } Ob dies getan wurde, zeigt sich dann: Sehen Sie nach, bevor Sie es noch einmal verlangen.
history-moment = sie war einen Augenblick lang weg
history-endless = sie kommt mit dem, was ihr aufgetragen ist, zu keinem Ende
history-slow = Die Datenbank des Verlaufs ist zu langsam für alles, was von ihr verlangt wird.
history-silent = sie antwortet nicht
history-hangs = was ihr zuletzt aufgetragen wurde, hängt dort noch
history-held = es kann nichts geschrieben werden: Sie wartet auf jemand anderen
history-unusable = Der Verlauf ist nicht zu gebrauchen: { $reason }

image-damaged = das Bild { $name } ist beschädigt oder unvollständig: Kopieren oder speichern Sie es noch einmal, oder nehmen Sie es heraus
image-large = das Bild { $name } ist zu groß ({ $reason })
image-unusable = das Bild { $name } ist nicht zu gebrauchen ({ $reason })
model-damaged = die Datei des Modells ist beschädigt ({ $reason })
model-unusable = das Modell ist nicht zu gebrauchen ({ $reason })
dataset-unusable = die Bilder sind nicht zu gebrauchen ({ $reason })
setting-unusable = die Einstellung { $name } ist nicht zu gebrauchen ({ $reason })
region-unusable = die Bereiche sind nicht zu gebrauchen ({ $reason })
training-diverged = das Training führte zu nichts: Sein Verlust wuchs über alle Grenzen ({ $reason })
training-fails = es kann nicht trainiert werden ({ $reason })
fault = ein Fehler dieses Programms ({ $reason })

doubt-odd = { $odd } von { $new } { $new ->
    [one] neuen Bild
   *[other] neuen Bildern
} sind nach dem Modell, wie es ist, nicht gut: { $images }
doubt-image = { $name } ({ $verdict })
doubt-images = { $before }, { $one }
doubt-more = { $before } und { $more } weitere
doubt-untrusted = { $images } von { $of } guten Bildern sind bisher unsicher ({ $why }); ein Modell, das nach ihnen eingestellt wird, hält sie für üblich: Nehmen Sie Bilder der Linie, wie sie bleiben soll
doubt-steep = die Schwelle ist { $times }-mal die vorige: Sind das gute Bilder desselben Teils?
kilobytes = { $number } kB
megabytes = { $number } MB
gigabytes = { $number } GB
